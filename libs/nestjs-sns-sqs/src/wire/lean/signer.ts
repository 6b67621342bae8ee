import { hash } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { QuickSha256 } from '../quick-hashes.js';
import type { Endpoint } from './endpoint.js';

interface FormattedDate {
  longDate: string;
  shortDate: string;
}

/** AWS's signer with two of its steps in fewer: the date is formatted once a second, the hash is asked for as hex. */
class QuickSignatureV4 extends SignatureV4 {
  private second = NaN;
  private formatted: FormattedDate = { longDate: '', shortDate: '' };

  protected override formatDate(now: Date): FormattedDate {
    const second = Math.floor(now.getTime() / 1000);
    if (second !== this.second) {
      this.formatted = super.formatDate(now);
      this.second = second;
    }
    return this.formatted;
  }

  protected override createStringToSign(
    longDate: string,
    scope: string,
    canonicalRequest: string,
    algorithm: string,
  ): Promise<string> {
    return Promise.resolve(`${algorithm}\n${longDate}\n${scope}\n${hash('sha256', canonicalRequest)}`);
  }
}

type Credentials = ConstructorParameters<typeof SignatureV4>[0]['credentials'];

export interface Signed {
  /** All of the request's. Shared by requests that are alike: not to be changed. */
  headers: Record<string, string>;
  body: Buffer;
}

/** Signs requests of one service; keys are derived once a day and region, and kept by SignatureV4. */
export class Signer {
  private readonly byEndpoint = new WeakMap<Endpoint, SignatureV4>();
  /** Of the second of {@link second}, by their bodies. */
  private readonly repeated = new Map<string, Promise<Signed>>();
  private second = NaN;

  /** @param credentials asked for each signature: the SDK's provider remembers them until they expire */
  constructor(
    private readonly service: string,
    private readonly credentials: Credentials,
  ) {}

  /** A signed POST. */
  async sign(
    endpoint: Endpoint,
    headers: Readonly<Record<string, string>>,
    text: string,
    signingDate: Date,
  ): Promise<Signed> {
    const { host, path, headers: asked } = endpoint;
    const body = Buffer.from(text);
    const request = {
      method: 'POST',
      protocol: 'https:',
      hostname: host,
      path,
      query: {},
      headers: { ...headers, ...asked, host, 'x-amz-content-sha256': hash('sha256', body) },
      body,
    };
    const { headers: signed } = await this.signerOf(endpoint).sign(request, { signingDate });
    // Never signed, so the signer need not look at it.
    signed['user-agent'] = 'nestjs-sns-sqs';
    return { headers: signed, body };
  }

  /**
   * As {@link sign}, for requests of one operation that are made again and again, as receives are: those of one second
   * with the same body have the same signature, which is made once.
   */
  signRepeated(
    endpoint: Endpoint,
    headers: Readonly<Record<string, string>>,
    text: string,
    signingDate: Date,
  ): Promise<Signed> {
    const second = Math.floor(signingDate.getTime() / 1000);
    if (second !== this.second) {
      this.repeated.clear();
      this.second = second;
    }
    const known = this.repeated.get(text);
    if (known) return known;
    const signed = this.sign(endpoint, headers, text, signingDate);
    this.repeated.set(text, signed);
    // Credentials that could not be had are asked for again.
    signed.catch(() => this.repeated.delete(text));
    return signed;
  }

  private signerOf(endpoint: Endpoint): SignatureV4 {
    let signer = this.byEndpoint.get(endpoint);
    if (!signer) {
      const { service, credentials } = this;
      // To escape the path of `/` each time gives what it is.
      const uriEscapePath = endpoint.path !== '/';
      signer = new QuickSignatureV4({
        service,
        region: endpoint.region,
        credentials,
        sha256: QuickSha256,
        uriEscapePath,
      });
      this.byEndpoint.set(endpoint, signer);
    }
    return signer;
  }
}
