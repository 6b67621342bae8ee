import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { canonicalPath, canonicalValue, isSigned } from './canonical.js';
import type { Endpoint } from './endpoint.js';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const TERMINATOR = 'aws4_request';
const CONTENT_HASH = 'x-amz-content-sha256';
const DATE = 'x-amz-date';
const TOKEN = 'x-amz-security-token';

type Headers = Readonly<Record<string, string>>;

interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

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

/** A key is good for a day. */
interface Key {
  credentials: Credentials;
  day: string;
  key: KeyObject;
}

const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/**
 * Signs requests of one service as AWS's Signature Version 4 wants it: one POST after the other that differ in body and
 * time alone, so that the rest of the canonical request is written once. A spec compares each signature with that of
 * AWS's own signer. (docs/adr/0046)
 */
export class Signer {
  private readonly forms = new WeakMap<Endpoint, WeakMap<Headers, Form>>();
  private readonly keys = new WeakMap<Endpoint, Key>();
  /** Of the second of {@link second}, by their bodies. */
  private readonly repeated = new Map<string, Promise<Signed>>();
  private second = NaN;
  private datedSecond = NaN;
  private date = '';

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
    const date = this.dateOf(signingDate);
    const contentHash = hash('sha256', body);
    const canonical = `${form.beforeHash}${contentHash}${form.beforeDate}${date}${form.rest}${contentHash}`;
    const day = date.slice(0, 8);
    const scope = `${day}/${endpoint.region}/${this.service}/${TERMINATOR}`;
    const signature = createHmac('sha256', this.keyOf(endpoint, credentials, day))
      .update(`${ALGORITHM}\n${date}\n${scope}\n${hash('sha256', canonical)}`)
      .digest('hex');
    const signed = { ...form.headers };
    signed[CONTENT_HASH] = contentHash;
    signed[DATE] = date;
    signed['authorization'] =
      `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${form.signedHeaders}, Signature=${signature}`;
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
    if (!form || !areSame(form.credentials, credentials)) {
      forms.set(headers, (form = formFor(endpoint, headers, credentials)));
    }
    return form;
  }

  private keyOf(endpoint: Endpoint, credentials: Credentials, day: string): KeyObject {
    const known = this.keys.get(endpoint);
    if (known?.day === day && areSame(known.credentials, credentials)) return known.key;
    let bytes = hmac(`AWS4${credentials.secretAccessKey}`, day);
    for (const part of [endpoint.region, this.service, TERMINATOR]) bytes = hmac(bytes, part);
    // A key of bytes costs node:crypto five times what its KeyObject costs.
    const key = createSecretKey(bytes);
    this.keys.set(endpoint, { credentials: { ...credentials }, day, key });
    return key;
  }

  /** `20260101T120000Z`, written once a second. */
  private dateOf(date: Date): string {
    const second = Math.floor(date.getTime() / 1000);
    if (second !== this.datedSecond) {
      this.date = `${date.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
      this.datedSecond = second;
    }
    return this.date;
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

const areSame = (one: Credentials, other: Credentials): boolean =>
  one.accessKeyId === other.accessKeyId &&
  one.secretAccessKey === other.secretAccessKey &&
  one.sessionToken === other.sessionToken;

/** As AWS's signer: throws for what is none. */
function validCredentials(credentials: Credentials): Credentials {
  const { accessKeyId, secretAccessKey } = (credentials ?? {}) as Partial<Credentials>;
  if (typeof accessKeyId === 'string' && typeof secretAccessKey === 'string') return credentials;
  throw new Error('Resolved credential object is not valid');
}
