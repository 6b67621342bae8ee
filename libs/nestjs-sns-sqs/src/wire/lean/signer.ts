import { hash } from 'node:crypto';
import {
  areSameCredentials,
  Signatures,
  SigningDates,
  validCredentials,
  type SigningCredentials as Credentials,
} from '../signatures.js';
import { canonicalPath, canonicalValue, isSigned } from './canonical.js';
import type { Endpoint } from './endpoint.js';

const CONTENT_HASH = 'x-amz-content-sha256';
const DATE = 'x-amz-date';
const TOKEN = 'x-amz-security-token';

type Headers = Readonly<Record<string, string>>;

export interface Signed {
  /** All of the request's. Shared by requests that are alike: not to be changed. */
  headers: Record<string, string>;
  body: Buffer;
}

/** What is the same for all requests of one operation to one endpoint with the same credentials. */
interface Form {
  credentials: Credentials;
  headers: Record<string, string>;
  /** The canonical request: the lines before each of the headers that differ, and those behind the last. */
  beforeHash: string;
  beforeDate: string;
  rest: string;
  signedHeaders: string;
}

/**
 * Signs requests of one service as AWS's Signature Version 4 wants it: one POST after the other that differ in body and
 * time alone, so that the rest of the canonical request is written once. A spec compares each signature with that of
 * AWS's own signer. (docs/adr/0046)
 */
export class Signer {
  private readonly forms = new WeakMap<Endpoint, WeakMap<Headers, Form>>();
  private readonly signatures = new Signatures();
  private readonly dates = new SigningDates();
  /** Of the second of {@link second}, by their bodies. */
  private readonly repeated = new Map<string, Promise<Signed>>();
  private second = NaN;

  /** @param credentials asked for each signature: the SDK's provider remembers them until they expire */
  constructor(
    private readonly service: string,
    private readonly credentials: () => Promise<Credentials>,
  ) {}

  /**
   * A signed POST.
   * @param headers the same object for all requests of an operation
   */
  async sign(endpoint: Endpoint, headers: Headers, text: string, signingDate: Date): Promise<Signed> {
    const credentials = validCredentials(await this.credentials());
    const body = Buffer.from(text);
    const form = this.formOf(endpoint, headers, credentials);
    const date = this.dates.of(signingDate);
    const contentHash = hash('sha256', body);
    const canonical = `${form.beforeHash}${contentHash}${form.beforeDate}${date}${form.rest}${contentHash}`;
    const signed = { ...form.headers };
    signed[CONTENT_HASH] = contentHash;
    signed[DATE] = date;
    const { signedHeaders } = form;
    signed['authorization'] = this.signatures.authorization(
      { canonical, date, signedHeaders, region: endpoint.region, service: this.service },
      credentials,
    );
    return { headers: signed, body };
  }

  /**
   * As {@link sign}, for requests of one operation that are made again and again, as receives are: those of one second
   * with the same body have the same signature, which is made once.
   */
  signRepeated(endpoint: Endpoint, headers: Headers, text: string, signingDate: Date): Promise<Signed> {
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

  private formOf(endpoint: Endpoint, headers: Headers, credentials: Credentials): Form {
    let forms = this.forms.get(endpoint);
    if (!forms) this.forms.set(endpoint, (forms = new WeakMap()));
    let form = forms.get(headers);
    if (!form || !areSameCredentials(form.credentials, credentials)) {
      forms.set(headers, (form = formFor(endpoint, headers, credentials)));
    }
    return form;
  }
}

function formFor({ host, path, headers: asked }: Endpoint, given: Headers, credentials: Credentials): Form {
  const { sessionToken } = credentials;
  const headers: Record<string, string> = { host };
  for (const [name, value] of Object.entries({ ...given, ...asked })) headers[name.toLowerCase()] = value;
  if (sessionToken) headers[TOKEN] = sessionToken;
  const names = [...Object.keys(headers), CONTENT_HASH, DATE].filter(isSigned).toSorted();
  const lineOf = (name: string): string => `${name}:${canonicalValue(headers[name] ?? '')}\n`;
  const [hashAt, dateAt] = [names.indexOf(CONTENT_HASH), names.indexOf(DATE)];
  const linesOf = (from: number, to?: number): string => names.slice(from, to).map(lineOf).join('');
  const signedHeaders = names.join(';');
  return {
    credentials: { ...credentials },
    // Never signed, so that whoever is between may change it.
    headers: { ...headers, 'user-agent': 'nestjs-sns-sqs' },
    beforeHash: `POST\n${canonicalPath(path)}\n\n${linesOf(0, hashAt)}${CONTENT_HASH}:`,
    beforeDate: `\n${linesOf(hashAt + 1, dateAt)}${DATE}:`,
    rest: `\n${linesOf(dateAt + 1)}\n${signedHeaders}\n`,
    signedHeaders,
  };
}
