import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

/** What a request is signed with. */
export interface SigningCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

/** What is signed for a request, its body's hash and all. */
export interface Signable {
  /** The canonical request. */
  canonical: string;
  /** As {@link SigningDates} writes it. */
  date: string;
  signedHeaders: string;
  region: string;
  service: string;
}

interface Key {
  credentials: SigningCredentials;
  day: string;
  key: KeyObject;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const TERMINATOR = 'aws4_request';

const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

export const areSameCredentials = (one: SigningCredentials, other: SigningCredentials): boolean =>
  one.accessKeyId === other.accessKeyId &&
  one.secretAccessKey === other.secretAccessKey &&
  one.sessionToken === other.sessionToken;

/** As AWS's signer: throws for what is none. */
export function validCredentials(credentials: SigningCredentials): SigningCredentials {
  const { accessKeyId, secretAccessKey } = (credentials ?? {}) as Partial<SigningCredentials>;
  if (typeof accessKeyId === 'string' && typeof secretAccessKey === 'string') return credentials;
  throw new Error('Resolved credential object is not valid');
}

/** Signature Version 4. A key is derived once for a day, a place and its credentials. */
export class Signatures {
  private readonly keys = new Map<string, Key>();

  /** The `authorization` of a request. */
  authorization(
    { canonical, date, signedHeaders, region, service }: Signable,
    credentials: SigningCredentials,
  ): string {
    const day = date.slice(0, 8);
    const place = `${region}/${service}`;
    const scope = `${day}/${place}/${TERMINATOR}`;
    const signature = createHmac('sha256', this.keyOf(place, [region, service], credentials, day))
      .update(`${ALGORITHM}\n${date}\n${scope}\n${hash('sha256', canonical)}`)
      .digest('hex');
    return `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  }

  private keyOf(place: string, parts: string[], credentials: SigningCredentials, day: string): KeyObject {
    const known = this.keys.get(place);
    if (known?.day === day && areSameCredentials(known.credentials, credentials)) return known.key;
    let bytes = hmac(`AWS4${credentials.secretAccessKey}`, day);
    for (const part of [...parts, TERMINATOR]) bytes = hmac(bytes, part);
    // A key of bytes costs node:crypto five times what its KeyObject costs.
    const key = createSecretKey(bytes);
    this.keys.set(place, { credentials: { ...credentials }, day, key });
    return key;
  }
}

/** Dates as signatures have them. */
export class SigningDates {
  private second = NaN;
  private date = '';

  /** `20260101T120000Z`, written once a second. */
  of(date: Date): string {
    const second = Math.floor(date.getTime() / 1000);
    if (second !== this.second) {
      this.date = `${date.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
      this.second = second;
    }
    return this.date;
  }
}
