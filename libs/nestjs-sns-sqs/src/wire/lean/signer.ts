import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Endpoint } from './endpoint.js';

/** A key of bytes costs node:crypto five times what its KeyObject costs, and SignatureV4 keeps the bytes for a day. */
const keyObjects = new WeakMap<object, KeyObject>();

function keyObjectOf(bytes: ArrayBufferView): KeyObject {
  let key = keyObjects.get(bytes);
  if (!key) keyObjects.set(bytes, (key = createSecretKey(bytes as NodeJS.ArrayBufferView)));
  return key;
}

/** What SignatureV4 asks of a hash, which it takes a new one of for each text: SHA-256 over node:crypto, HMAC with a secret. */
class NodeSha256 {
  private data: Uint8Array = new Uint8Array();

  constructor(private readonly secret?: string | ArrayBuffer | ArrayBufferView) {}

  update(data: Uint8Array): void {
    this.data = this.data.length === 0 ? data : Buffer.concat([this.data, data]);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.secret === undefined ? hash('sha256', this.data, 'buffer') : this.hmac(this.secret));
  }

  reset(): void {
    this.data = new Uint8Array();
  }

  private hmac(secret: string | ArrayBuffer | ArrayBufferView): Uint8Array {
    const key =
      typeof secret === 'string' ? secret : keyObjectOf(ArrayBuffer.isView(secret) ? secret : Buffer.from(secret));
    return createHmac('sha256', key).update(this.data).digest();
  }
}

type Credentials = ConstructorParameters<typeof SignatureV4>[0]['credentials'];

/** Signs requests of one service; keys are derived once a day and region, and kept by SignatureV4. */
export class Signer {
  private readonly byRegion = new Map<string, SignatureV4>();

  /** @param credentials asked for each request: the SDK's provider remembers them until they expire */
  constructor(
    private readonly service: string,
    private readonly credentials: Credentials,
  ) {}

  /** The headers of a signed POST. */
  async sign(
    { host, path, region, headers: asked }: Endpoint,
    headers: Readonly<Record<string, string>>,
    body: Buffer,
    signingDate: Date,
  ): Promise<Record<string, string>> {
    const request = {
      method: 'POST',
      protocol: 'https:',
      hostname: host,
      path,
      query: {},
      headers: { ...headers, ...asked, host, 'x-amz-content-sha256': hash('sha256', body) },
      body,
    };
    return (await this.signerOf(region).sign(request, { signingDate })).headers;
  }

  private signerOf(region: string): SignatureV4 {
    let signer = this.byRegion.get(region);
    if (!signer) {
      signer = new SignatureV4({ service: this.service, region, credentials: this.credentials, sha256: NodeSha256 });
      this.byRegion.set(region, signer);
    }
    return signer;
  }
}
