import { createHash } from 'node:crypto';
import type { Broker } from '../core/broker.js';
import { PAGE, PAGE_SCRIPT } from './page.js';
import type { RecentCalls } from './recent-calls.js';
import { stateOf } from './state.js';

export interface Page {
  headers: Record<string, string>;
  body: string;
}

const JSON_HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
const STATUS = '{"service":"local-sns-sqs","status":"running"}';
const STATE_PATH = '/_local/state';

/** Nothing but the page's own script runs in it, and nobody puts it into a frame. */
const PAGE_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `script-src 'sha256-${createHash('sha256').update(PAGE_SCRIPT).digest('base64')}'`,
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; '),
};

/** What is read without a request of AWS's: nothing of it is counted, and nothing changes. */
export class Pages {
  constructor(
    private readonly broker: Broker,
    private readonly recent: RecentCalls,
  ) {}

  /** Browsers have the page at `/`, its state at `/_local/state`; everything else is told that the broker runs. */
  at(path: string, accept = ''): Page {
    if (path === STATE_PATH) {
      return { headers: JSON_HEADERS, body: JSON.stringify(stateOf(this.broker, this.recent)) };
    }
    if (path === '/' && accept.includes('text/html')) return { headers: PAGE_HEADERS, body: PAGE };
    return { headers: JSON_HEADERS, body: STATUS };
  }
}
