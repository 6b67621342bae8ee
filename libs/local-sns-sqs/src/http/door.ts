import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** Names that no site of the internet can have, so that no page can be served under them (DNS rebinding). */
const PRIVATE_NAME = /^(?:[a-z0-9_-]+|.+\.(?:localhost|local|internal|test))\.?$/i;
const PORT = /:\d+$/;

const nameOf = (host: string): string => host.replace(PORT, '').replace(/^\[(.*)\]$/, '$1');

export interface DoorOptions {
  /** A name of this broker beside the private ones. */
  hostname: string | undefined;
  /** Origins whose pages may call: `http://localhost:3000`; `*` is every one. */
  cors: readonly string[];
}

/**
 * Keeps web pages out that nobody asked in: those of other origins, and those that have their own name point here.
 * Programs send no `Origin`, and are let in under any address or private name.
 */
export class Door {
  private readonly names: ReadonlySet<string>;
  private readonly origins: ReadonlySet<string>;
  /** The last one that was let in: nearly every request has the same. */
  private knownHost = '';

  constructor({ hostname, cors }: DoorOptions) {
    this.names = new Set(hostname === undefined ? [] : [nameOf(hostname).toLowerCase()]);
    this.origins = new Set(cors);
  }

  /**
   * Why a request is kept out; undefined: it is let in.
   * @param changes the request may change something, or tell it to whoever can read the answer
   */
  refusal({ host = '', origin, 'sec-fetch-site': site }: IncomingHttpHeaders, changes: boolean): string | undefined {
    if (host !== this.knownHost) {
      if (!this.isKnown(host)) {
        return `The host ${host} is not known to this broker: start it with --hostname ${nameOf(host)}.`;
      }
      this.knownHost = host;
    }
    if (origin !== undefined) {
      if (this.allows(origin) || origin === `http://${host}` || origin === `https://${host}`) return undefined;
      return `Pages of ${origin} may not call this broker: start it with --cors ${origin}.`;
    }
    // An image or a link of another page sends no Origin; of the same site is also one on another port.
    const isForeign = site !== undefined && site !== 'same-origin' && site !== 'none';
    if (changes && isForeign && !this.origins.has('*')) {
      return 'Pages of other origins may not call this broker: start it with --cors and their origin.';
    }
    return undefined;
  }

  /** For the answer to a page that was let in by `cors`. */
  headersFor(origin: string | undefined): Record<string, string> {
    if (origin === undefined || !this.allows(origin)) return NO_HEADERS;
    return {
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Expose-Headers': 'x-amzn-RequestId, x-amzn-query-error',
      Vary: 'Origin',
    };
  }

  /** For the request that browsers send before. */
  preflightHeaders({ origin, 'access-control-request-headers': wanted }: IncomingHttpHeaders): Record<string, string> {
    if (origin === undefined || !this.allows(origin)) return NO_HEADERS;
    return {
      ...this.headersFor(origin),
      'Access-Control-Allow-Methods': 'GET, HEAD, POST, OPTIONS',
      'Access-Control-Allow-Headers': String(wanted ?? '*'),
      'Access-Control-Max-Age': '600',
    };
  }

  private allows(origin: string): boolean {
    return this.origins.has('*') || this.origins.has(origin);
  }

  private isKnown(host: string): boolean {
    const name = nameOf(host);
    return name === '' || isIP(name) > 0 || PRIVATE_NAME.test(name) || this.names.has(name.toLowerCase());
  }
}

const NO_HEADERS: Record<string, string> = {};
