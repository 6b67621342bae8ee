import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher, Pool } from 'undici';
import { CONNECT_MS } from './http-bounds.js';

export interface SignedRequest {
  /** Scheme, host and port. */
  origin: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** How long an idle connection is kept, in milliseconds: less than the minute for which AWS's load balancers keep one. */
const IDLE_MS = 30_000;

/**
 * For calls that are answered at once. The 50 of the SDK's agent would carry 50 deletes of 10 in the time of one:
 * where a call takes 20 ms, 25,000 messages/s, and that is less than one process can handle.
 */
export const CALL_CONNECTIONS = 200;

type PoolClass = typeof Pool;

let loading: Promise<PoolClass> | undefined;

/**
 * The pool alone: all of undici (fetch, caches, mocks, WebSockets) takes four times as long to load, and the memory. A
 * version that keeps it elsewhere is loaded whole.
 */
export const loadPool = (): Promise<PoolClass> =>
  (loading ??= import('undici/lib/dispatcher/pool.js').then(
    ({ default: alone }) => alone,
    async () => (await import('undici')).Pool,
  ));

export interface ConnectionsOptions {
  /** Connections to one host at one time; more requests than that wait. @default no bound */
  most?: number;
  /** How long a connection may say nothing while it is waited for, in milliseconds. */
  silenceMs: number;
}

/**
 * Keep-alive connections over undici, shared with nobody: what is sent over one `Connections` never waits for a
 * connection of another. undici's pool is loaded by the first request: see {@link loadPool}.
 */
export class Connections {
  private readonly pools = new Map<string, Pool>();
  private closed = false;

  constructor(private readonly options: ConnectionsOptions) {}

  /**
   * Resolves to the answer, whatever its status. Rejects as the SDK's handler does: AbortError when the signal aborts,
   * TimeoutError with the `code` of the fault for a connection that was cut or gives no answer.
   */
  send(request: SignedRequest, signal?: AbortSignal): Promise<HttpAnswer> {
    const pool = this.pools.get(request.origin);
    return pool
      ? dispatch(pool, request, signal)
      : this.open(request.origin).then(opened => dispatch(opened, request, signal));
  }

  /** Cuts every connection. */
  destroy(): void {
    this.closed = true;
    for (const pool of this.pools.values()) void pool.destroy();
  }

  private async open(origin: string): Promise<Pool> {
    const PoolOfUndici = await loadPool();
    const { most, silenceMs } = this.options;
    const pool =
      this.pools.get(origin) ??
      new PoolOfUndici(origin, {
        connections: most ?? null,
        connectTimeout: CONNECT_MS,
        headersTimeout: silenceMs,
        bodyTimeout: silenceMs,
        keepAliveTimeout: IDLE_MS,
      });
    this.pools.set(origin, pool);
    if (this.closed) void pool.destroy();
    return pool;
  }
}

function dispatch(pool: Pool, { path, headers, body }: SignedRequest, signal?: AbortSignal): Promise<HttpAnswer> {
  if (signal?.aborted) return Promise.reject(abortError());
  return new Promise((resolve, reject) => {
    pool.dispatch({ path, method: 'POST', headers, body }, new Answering(resolve, reject, signal));
  });
}

/** Gathers the answer to one request. */
class Answering implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private status = 0;
  private headers: IncomingHttpHeaders = {};
  private readonly chunks: Buffer[] = [];
  private readonly onAbort: (() => void) | undefined;

  constructor(
    private readonly resolve: (answer: HttpAnswer) => void,
    private readonly reject: (error: unknown) => void,
    private readonly signal: AbortSignal | undefined,
  ) {
    if (!signal) return;
    // A name first: V8 makes a function that is written into a property live until a full collection, and with it the answer.
    const onAbort = (): void => this.abort();
    this.onAbort = onAbort;
    signal.addEventListener('abort', this.onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.signal?.aborted) this.abort();
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.status = status;
    this.headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.forgetSignal();
    const [first = Buffer.alloc(0)] = this.chunks;
    this.resolve({
      status: this.status,
      headers: this.headers,
      body: this.chunks.length > 1 ? Buffer.concat(this.chunks) : first,
    });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.forgetSignal();
    this.reject(asSdkNames(error));
  }

  /** Rejects at once, though a request that waits for a connection is taken away only when it gets one. */
  private abort(): void {
    const error = abortError();
    this.reject(error);
    this.controller?.abort(error);
  }

  private forgetSignal(): void {
    if (this.onAbort) this.signal?.removeEventListener('abort', this.onAbort);
  }
}

/** As the SDK's handler rejects. */
export const abortError = (): Error => Object.assign(new Error('Request aborted'), { name: 'AbortError' });

const TIMEOUT_CODES: Readonly<Record<string, string>> = {
  UND_ERR_SOCKET: 'ECONNRESET',
  UND_ERR_CONNECT_TIMEOUT: 'ETIMEDOUT',
  UND_ERR_HEADERS_TIMEOUT: 'ETIMEDOUT',
  UND_ERR_BODY_TIMEOUT: 'ETIMEDOUT',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'ECONNRESET',
  ECONNRESET: 'ECONNRESET',
  ECONNREFUSED: 'ECONNREFUSED',
  EPIPE: 'EPIPE',
  ETIMEDOUT: 'ETIMEDOUT',
};

/** By the names and codes that the SDK's handler has for the same faults: its retries go by them. */
function asSdkNames(error: Error & { code?: string }): Error {
  const code = TIMEOUT_CODES[error.code ?? ''];
  return code === undefined
    ? error
    : Object.assign(new Error(error.message, { cause: error }), { name: 'TimeoutError', code });
}
