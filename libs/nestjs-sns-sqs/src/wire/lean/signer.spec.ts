import { createHash, createHmac } from 'node:crypto';
import { jest } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Endpoint } from './endpoint.js';
import { canonicalPath } from './canonical.js';
import { Signer } from './signer.js';

/** As SignatureV4 takes it, without any of the signer's short cuts. */
class PlainSha256 {
  private readonly hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string);
  }
  update(data: Uint8Array): void {
    this.hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.hash.digest());
  }
  reset(): void {
    throw new Error('not needed');
  }
}

const ada = { accessKeyId: 'ADA', secretAccessKey: 'secret of Ada' };
const bob = { accessKeyId: 'BOB', secretAccessKey: 'secret of Bob', sessionToken: 'token of Bob' };
const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ReceiveMessage' };
const at = (iso: string): Date => new Date(iso);
const noon = at('2026-01-01T12:00:00.100Z');
const endpointAt = (path: string, region = 'eu-west-1'): Endpoint => ({
  origin: 'https://sqs.example',
  host: 'sqs.example',
  path,
  region,
  headers: {},
});

async function plainSignature(endpoint: Endpoint, credentials: typeof ada, body: string, signingDate: Date) {
  const { host, path, region, headers: asked } = endpoint;
  const signer = new SignatureV4({ service: 'sqs', region, credentials, sha256: PlainSha256 });
  const signed = await signer.sign(
    {
      method: 'POST',
      protocol: 'https:',
      hostname: host,
      path,
      query: {},
      headers: { ...headers, ...asked, host },
      body,
    },
    { signingDate },
  );
  return signed.headers['authorization'];
}

describe('Signer', () => {
  it.each([
    ['an endpoint at the root', endpointAt('/'), ada],
    ['an endpoint with a path to escape', endpointAt('/a b/ü/'), ada],
    ['another region', endpointAt('/', 'us-east-1'), ada],
    ['credentials with a session token', endpointAt('/'), bob],
  ])("signs as AWS's signer does by itself: %s", async (_, endpoint, credentials) => {
    const signer = new Signer('sqs', () => Promise.resolve(credentials));
    const { headers: signed, body } = await signer.sign(endpoint, headers, '{"a":"ü"}', noon);
    expect(signed['authorization']).toBe(await plainSignature(endpoint, credentials, '{"a":"ü"}', noon));
    expect(signed).toMatchObject({ ...headers, 'user-agent': 'nestjs-sns-sqs', 'x-amz-date': '20260101T120000Z' });
    expect(body.toString()).toBe('{"a":"ü"}');
  });

  it('signs headers that the endpoint asks for, whatever their order, and leaves out those that are never signed', async () => {
    const endpoint = { ...endpointAt('/'), headers: { 'X-Amz-A': ' a  b ', zoo: 'z', 'proxy-x': 'p', te: 't' } };
    const signer = new Signer('sqs', () => Promise.resolve(bob));
    const { headers: signed } = await signer.sign(endpoint, headers, '{}', noon);
    expect(signed['authorization']).toBe(await plainSignature(endpoint, bob, '{}', noon));
    expect(signed).toMatchObject({ 'x-amz-a': ' a  b ', te: 't', host: 'sqs.example' });
  });

  it.each(['/', '/a/../b/./c//', '/%20/ü/', '/..', '/a', "/x!'()*/", '/a b/'])(
    'escapes the path %s as AWS does',
    path => {
      const request = { method: 'POST', protocol: 'https:', hostname: 'h', path, headers: {}, query: {} };
      const own = new SignatureV4({ service: 's', region: 'r', credentials: ada, sha256: PlainSha256 });
      const canonical = own as unknown as { createCanonicalRequest(r: object, h: object, p: string): string };
      expect(canonicalPath(path)).toBe(canonical.createCanonicalRequest(request, {}, '').split('\n')[1]);
    },
  );

  it('refuses credentials that are none, as AWS does', async () => {
    const signer = new Signer('sqs', () => Promise.resolve({} as typeof ada));
    await expect(signer.sign(endpointAt('/'), headers, '{}', noon)).rejects.toThrow('not valid');
  });

  it('signs with the credentials of the moment, in turns too, and by the date of the moment', async () => {
    let credentials = ada;
    const signer = new Signer('sqs', () => Promise.resolve(credentials));
    const endpoint = endpointAt('/');
    for (const [who, when] of [
      [ada, noon],
      [bob, noon],
      [ada, noon],
      [ada, at('2026-01-01T12:00:01.000Z')],
      [bob, at('2026-01-02T00:00:00.000Z')],
    ] as const) {
      credentials = who;
      const { headers: signed } = await signer.sign(endpoint, headers, '{}', when);
      expect(signed['authorization']).toBe(await plainSignature(endpoint, who, '{}', when));
    }
  });

  describe('of requests that are repeated', () => {
    function repeating() {
      const credentials = jest.fn(() => Promise.resolve(ada));
      const signer = new Signer('sqs', credentials);
      const endpoint = endpointAt('/');
      return { credentials, sign: (text: string, when: Date) => signer.signRepeated(endpoint, headers, text, when) };
    }

    it('signs once in a second for a body', async () => {
      const { credentials, sign } = repeating();
      const [first, second] = await Promise.all([sign('{"a":1}', noon), sign('{"a":1}', noon)]);
      expect(await sign('{"a":1}', at('2026-01-01T12:00:00.999Z'))).toBe(first);
      expect(second).toBe(first);
      expect(credentials).toHaveBeenCalledTimes(1);
      expect(first?.headers['authorization']).toBe(await plainSignature(endpointAt('/'), ada, '{"a":1}', noon));
    });

    it('signs anew for another body, and in another second', async () => {
      const { sign } = repeating();
      const next = at('2026-01-01T12:00:01.000Z');
      await sign('{"a":1}', noon);
      for (const [text, when] of [
        ['{"a":2}', noon],
        ['{"a":1}', next],
        ['{"a":1}', noon],
      ] as const) {
        const { headers: signed, body } = await sign(text, when);
        expect(signed['authorization']).toBe(await plainSignature(endpointAt('/'), ada, text, when));
        expect(body.toString()).toBe(text);
      }
    });

    it('asks again for credentials that could not be had', async () => {
      const { credentials, sign } = repeating();
      credentials.mockImplementationOnce(() => Promise.reject(new Error('no credentials')));
      await expect(sign('{}', noon)).rejects.toThrow('no credentials');
      expect((await sign('{}', noon)).headers['authorization']).toBeDefined();
    });
  });
});
