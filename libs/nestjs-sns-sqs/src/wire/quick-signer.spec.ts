import { jest } from '@jest/globals';
import { HttpRequest } from '@smithy/core/protocols';
import { SignatureV4 } from '@smithy/signature-v4';
import { QuickSha256 } from './quick-hashes.js';
import { quickSigner } from './quick-signer.js';

type Own = InstanceType<typeof SignatureV4>;

const ada = { accessKeyId: 'ADA', secretAccessKey: 'secret of Ada' };
const bob = { accessKeyId: 'BOB', secretAccessKey: 'secret of Bob', sessionToken: 'token of Bob' };
const signingDate = new Date('2026-01-01T12:00:00.100Z');
const settings = { service: 'sqs', region: 'eu-west-1', sha256: QuickSha256 };

const own = (credentials: typeof ada, more: object = {}): Own => new SignatureV4({ ...settings, credentials, ...more });
const quick = (signer: object): Own => quickSigner(signer) as Own;

const post = (more: object = {}, headers: object = {}): HttpRequest =>
  new HttpRequest({
    method: 'POST',
    protocol: 'https:',
    hostname: 'sqs.example',
    port: 8443,
    path: '/',
    body: Buffer.from('{"a":"ü"}'),
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AmazonSQS.SendMessageBatch',
      'x-amz-user-agent': 'aws-sdk-js/3',
      'user-agent': 'aws-sdk-js/3 ua/2.1',
      host: 'sqs.example:8443',
      'amz-sdk-invocation-id': '6f2e',
      'amz-sdk-request': 'attempt=1; max=3',
      ...headers,
    },
    ...more,
  });

describe('quickSigner', () => {
  it.each([
    ['as the client makes it', post(), ada],
    ['with a session token', post(), bob],
    ['with a body of text', post({ body: 'Action=PublishBatch&Message=%C3%BC' }), ada],
    ['with an empty body', post({ body: '' }), ada],
    ['without a body', post({ body: undefined }), ada],
    ['with a path to escape', post({ path: '/a b/ü/../' }), bob],
    ['with a query', post({ query: { b: '1', a: ['2', '3'] } }), ada],
    ['with spaces in headers', post({}, { 'x-a': '  a \t b\r\n c  ', 'x-b': ' ' }), ada],
    ['with names in upper case', post({}, { 'X-Trace': 'A', Accept: '*', 'X-Amzn-Trace-Id': 'Root=1' }), ada],
    ['with headers that are never signed', post({}, { te: 't', 'proxy-x': 'p', 'sec-y': 's' }), ada],
    ['with a header twice', post({}, { 'X-Amz-Target': 'other' }), ada],
    ['that was signed before', post({}, { authorization: 'old', 'x-amz-date': 'old', date: 'old' }), ada],
    ['with a date', post({}, { date: 'old' }), ada],
    ['with a hash of its body', post({}, { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }), bob],
    ['with a header without a value', post({}, { 'x-none': undefined }), ada],
    ['that is no POST', post({ method: 'GET' }), ada],
  ])("signs a request as AWS's signer does: %s", async (_, request, credentials) => {
    const expected = await own(credentials).sign(request, { signingDate });
    const signer = quick(own(credentials));
    // The second one is written by the form of the first.
    for (let time = 0; time < 2; time += 1) expect(await signer.sign(request, { signingDate })).toEqual(expected);
    expect(request.headers['x-amz-date'] ?? 'old').toBe('old');
  });

  it('signs for the region and the service that the call is for, with the credentials and the day of the moment', async () => {
    let credentials: typeof ada = ada;
    const changing = { credentials: () => Promise.resolve(credentials) };
    const signer = quick(own(ada, changing));
    for (const [who, options] of [
      [ada, { signingDate }],
      [bob, { signingDate }],
      [bob, { signingDate, signingRegion: 'us-east-1' }],
      [ada, { signingDate, signingService: 'sns' }],
      [ada, { signingDate: new Date('2026-01-02T00:00:00Z') }],
      [ada, { signingDate, unsignableHeaders: new Set(['x-amz-target']) }],
    ] as const) {
      credentials = who;
      expect(await signer.sign(post(), options)).toEqual(await own(who).sign(post(), options));
    }
  });

  it('asks the own signer for what it does not sign itself only', async () => {
    const signer = own(ada);
    const sign = jest.spyOn(signer, 'sign');
    await quick(signer).sign(post(), { signingDate });
    expect(sign).not.toHaveBeenCalled();
    await quick(signer).sign('a text', { signingDate });
    expect(sign).toHaveBeenCalledTimes(1);
  });

  it('refuses credentials that are none, as AWS does', async () => {
    const none = () => Promise.resolve({} as typeof ada);
    await expect(quick(own(ada, { credentials: none })).sign(post(), { signingDate })).rejects.toThrow('not valid');
  });

  it.each([
    ['of another class', { sign: () => Promise.resolve('signed') }],
    ['with a hash of the user', own(ada, { sha256: class extends QuickSha256 {} })],
    ['that leaves out the hash of the body', own(ada, { applyChecksum: false })],
    ['that takes paths as they are', own(ada, { uriEscapePath: false })],
    ['that is none', undefined],
  ])('leaves a signer as it is: %s', (_, signer) => {
    expect(quickSigner(signer)).toBe(signer);
  });
});
