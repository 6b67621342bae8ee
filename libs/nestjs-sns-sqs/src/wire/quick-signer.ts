import { hash } from 'node:crypto';
import { HttpRequest } from '@smithy/core/protocols';
import { canonicalPath, canonicalValue, isSigned } from './lean/canonical.js';
import { QuickSha256 } from './quick-hashes.js';
import { withHeaders } from './request-copy.js';
import { Signatures, SigningDates, validCredentials, type SigningCredentials } from './signatures.js';

/** The part of the SDK's SignatureV4 that its requests need. */
interface SdkSigner {
  sign(request: unknown, options?: SigningOptions): Promise<unknown>;
  credentialProvider(): Promise<SigningCredentials>;
  regionProvider(): Promise<string>;
  service: string;
  sha256: unknown;
  uriEscapePath: boolean;
  applyChecksum: boolean;
}

interface SigningOptions {
  signingDate?: Date;
  signingRegion?: string;
  signingService?: string;
  signableHeaders?: unknown;
  unsignableHeaders?: unknown;
}

type Headers = Record<string, string>;

/** Requests with the same names of headers, in the same order, are written alike. */
interface Form {
  /** Names that are signed, in order, as the request has them and in lower case. */
  names: ReadonlyArray<readonly [given: string, name: string]>;
  signedHeaders: string;
}

const CONTENT_HASH = 'x-amz-content-sha256';
const DATE = 'x-amz-date';
const TOKEN = 'x-amz-security-token';
/** With one of these the request is none of those that a client makes: the SDK's own signer knows what to do. */
const ADDED: ReadonlySet<string> = new Set([CONTENT_HASH, DATE, TOKEN, 'authorization', 'date']);
/** A client has a handful; a user's middleware may make more. */
const MOST_FORMS = 50;
/** What {@link canonicalValue} changes. */
const UNUSUAL = /[\r\n\t]| {2}|^ | $/;

/**
 * The SDK's signer, in quicker words for the requests of a client that is made here: without sorting and reading each
 * header four times, and without a promise for each hash. Everything else it signs itself. A spec compares the two.
 * (docs/adr/0046)
 */
export function quickSigner(signer: unknown): unknown {
  if (!isSdkSigner(signer)) return signer;
  const quick = new QuickSigner(signer);
  const sign = (request: unknown, options?: SigningOptions): Promise<unknown> => quick.sign(request, options);
  return Object.create(signer, { sign: { value: sign } });
}

/** Not a user's own signer, nor one with a hash of the user's. */
function isSdkSigner(signer: unknown): signer is SdkSigner {
  const { constructor, sha256, uriEscapePath, applyChecksum, ...rest } = (signer ?? {}) as Partial<SdkSigner>;
  return (
    constructor?.name === 'SignatureV4' &&
    sha256 === QuickSha256 &&
    uriEscapePath === true &&
    applyChecksum === true &&
    typeof rest.service === 'string' &&
    typeof rest.credentialProvider === 'function' &&
    typeof rest.regionProvider === 'function'
  );
}

class QuickSigner {
  private readonly signatures = new Signatures();
  private readonly dates = new SigningDates();
  /** By the names of a request's headers; undefined: for the SDK's own signer. */
  private readonly forms = new Map<string, Form | undefined>();
  private path = '';
  private canonicalPath = '';

  constructor(private readonly own: SdkSigner) {}

  async sign(request: unknown, options: SigningOptions = {}): Promise<unknown> {
    const { signingDate, signingService = this.own.service, signableHeaders, unsignableHeaders } = options;
    if (!isPlainPost(request) || !signingDate || signableHeaders || unsignableHeaders) {
      return this.own.sign(request, options);
    }
    const credentials = validCredentials(await this.own.credentialProvider());
    const form = this.formOf(request.headers, credentials.sessionToken);
    if (!form) return this.own.sign(request, options);
    const region = options.signingRegion ?? (await this.own.regionProvider());
    const date = this.dates.of(signingDate);
    const contentHash = hash('sha256', request.body);
    const headers: Headers = { ...request.headers };
    headers[DATE] = date;
    if (credentials.sessionToken) headers[TOKEN] = credentials.sessionToken;
    headers[CONTENT_HASH] = contentHash;
    const { signedHeaders } = form;
    let lines = '';
    for (const [given, name] of form.names) {
      const value = headers[given] ?? '';
      lines += `${name}:${UNUSUAL.test(value) ? canonicalValue(value) : value}\n`;
    }
    const canonical = `POST\n${this.pathOf(request.path)}\n\n${lines}\n${signedHeaders}\n${contentHash}`;
    const signable = { canonical, date, signedHeaders, region, service: signingService };
    headers['authorization'] = this.signatures.authorization(signable, credentials);
    return withHeaders(request, headers);
  }

  private formOf(headers: Headers, token: string | undefined): Form | undefined {
    let key = token ? TOKEN : '';
    for (const name in headers) {
      if (typeof headers[name] !== 'string') return undefined;
      key += `\n${name}`;
    }
    if (this.forms.has(key)) return this.forms.get(key);
    if (this.forms.size >= MOST_FORMS) this.forms.clear();
    const form = formFor(Object.keys(headers), token ? [CONTENT_HASH, DATE, TOKEN] : [CONTENT_HASH, DATE]);
    this.forms.set(key, form);
    return form;
  }

  private pathOf(path: string): string {
    if (path !== this.path) {
      this.canonicalPath = canonicalPath(path);
      this.path = path;
    }
    return this.canonicalPath;
  }
}

function isPlainPost(request: unknown): request is HttpRequest & { body: Uint8Array | string } {
  if (typeof request !== 'object' || !HttpRequest.isInstance(request)) return false;
  const { method, body, query } = request as HttpRequest & { body: unknown };
  const isBody = typeof body === 'string' || body instanceof Uint8Array;
  return method === 'POST' && isBody && !('message' in request) && Object.keys(query ?? {}).length === 0;
}

/** Undefined: a header that is added here is there already, or one stands there twice. */
function formFor(given: string[], added: string[]): Form | undefined {
  const names = [...given, ...added].map(name => [name, name.toLowerCase()] as const);
  const isOdd = given.some(name => ADDED.has(name.toLowerCase()));
  if (isOdd || new Set(names.map(([, name]) => name)).size < names.length) return undefined;
  const signed = names.filter(([, name]) => isSigned(name)).toSorted(([, one], [, other]) => (one < other ? -1 : 1));
  return { names: signed, signedHeaders: signed.map(([, name]) => name).join(';') };
}
