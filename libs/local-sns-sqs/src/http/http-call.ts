import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Call } from '../core/operation.js';

/** What queue URLs begin with. */
export interface Origins {
  /** Whatever the caller used; undefined: as the caller wrote it. */
  fixed: string | undefined;
  /** For a caller that names no host. */
  fallback: string;
}

const ACCOUNT = /\bCredential=(\d{12})\//;

/** The core's view of one HTTP request: whether somebody still waits for the answer, and whether it arrived. */
export class HttpCall implements Call {
  readonly origin: string;
  private isGone = false;
  private answered = false;
  private whenGone: (() => void) | undefined;
  private whenUndelivered: (() => void) | undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    { fixed, fallback }: Origins,
  ) {
    const { host, 'x-forwarded-proto': forwarded } = request.headers;
    const scheme = forwarded === 'https' ? 'https' : 'http';
    this.origin = fixed ?? (host ? `${scheme}://${host}` : fallback);
    response.on('close', () => this.closed());
  }

  /** An access key of twelve digits names its account, as LocalStack and moto have it. */
  get account(): string | undefined {
    return ACCOUNT.exec(this.request.headers.authorization ?? '')?.[1];
  }

  get gone(): boolean {
    return this.isGone;
  }

  onGone(fn: () => void): void {
    this.whenGone = fn;
  }

  onUndelivered(fn: () => void): void {
    this.whenUndelivered = fn;
  }

  send(status: number, headers: Record<string, string>, body: string): void {
    this.answered = true;
    if (this.isGone) {
      this.whenUndelivered?.();
      return;
    }
    const bytes = Buffer.byteLength(body);
    this.response.writeHead(status, { ...headers, 'Content-Length': String(bytes) });
    // The same bytes, if it is ASCII, for less work.
    this.response.end(body, bytes === body.length ? 'latin1' : 'utf8');
  }

  /** Ends the connection without an answer, as if it had been lost on the way. */
  cut(): void {
    this.answered = true;
    this.whenUndelivered = undefined;
    this.response.destroy();
  }

  private closed(): void {
    if (this.response.writableFinished) return;
    this.isGone = true;
    if (this.answered) this.whenUndelivered?.();
    else this.whenGone?.();
  }
}
