import { createHash, createHmac, hash, type BinaryLike } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Endpoint } from './endpoint.js';

/** What SignatureV4 asks of a hash, over node:crypto. */
class NodeSha256 {
  private readonly hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as BinaryLike);
  }

  update(data: Uint8Array): void {
    this.hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.hash.digest());
  }

  reset(): void {
    throw new Error('SignatureV4 takes a new hash for each digest');
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
