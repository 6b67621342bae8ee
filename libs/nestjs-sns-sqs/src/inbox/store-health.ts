import type { LoggerService } from '@nestjs/common';
import { backoffMs, type Backoff } from '../async/backoff.js';
import { monotonicNow } from '../async/clock.js';
import { errorText } from '../errors/aws-errors.js';
import { docsPage } from '../errors/docs-page.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { InboxClaim, InboxStore } from '../interfaces/inbox-store.interface.js';
import { newToken } from './inbox-key.js';

export interface StoreHealthOptions {
  store: Pick<InboxStore, 'claim' | 'renew' | 'release' | 'done'>;
  /** What the store's keys are named by: the part that has to work. */
  queue: string;
  /** The queue's claims are on subjects too. @default false */
  hasSubjects?: boolean;
  onUnavailable: 'wait' | 'proceed';
  logger: Pick<LoggerService, 'warn'>;
  /** The store does not do what the queue needs; again where the reason has changed. */
  onFault: (error: SnsSqsError) => void;
  onRecovery: () => void;
  random?: () => number;
  now?: () => number;
}

const PROBE_BACKOFF: Backoff = { initial: 200, max: 5_000 };
/** A recovery that lasts this long, in milliseconds, was one: before, the store is asked as seldom as it was. */
const IS_STEADY_MS = 30_000;
const PROBE_LEASE_MS = 1_000;
const SAY_AGAIN_MS = 60_000;
const UNREACHABLE = 'unreachable';

/**
 * Knows whether the inbox's store does what one queue needs: after a call that failed it takes an event of nobody's
 * all the way, with backoff, until every call succeeds. A store that answers a ping may still refuse to write.
 */
export class StoreHealth {
  private readonly random: () => number;
  private readonly now: () => number;
  private readonly waiting = new Set<() => void>();
  private readonly probeClaim: InboxClaim;
  private readonly toldReasons = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private unavailable = false;
  private failures = 0;
  private recoveredAt = -Infinity;
  private stopped = false;
  private proceeded = 0;
  private saidAt = -Infinity;

  constructor(private readonly options: StoreHealthOptions) {
    this.random = options.random ?? Math.random;
    this.now = options.now ?? monotonicNow;
    const token = newToken();
    const key = `.probe-${token}`;
    this.probeClaim = { queue: options.queue, key, token, ...(options.hasSubjects && { subject: key }) };
  }

  get isUnavailable(): boolean {
    return this.unavailable;
  }

  /** True: nothing is to be handled, and so nothing received. */
  get isPaused(): boolean {
    return this.unavailable && this.options.onUnavailable === 'wait';
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  /** True: what the store cannot tell is done without. */
  get mayProceed(): boolean {
    return this.options.onUnavailable === 'proceed';
  }

  /** Tries once whether the store does what is needed; resolves whatever comes of it. */
  async check(): Promise<void> {
    try {
      await this.tryAll();
      this.recovered();
    } catch (error) {
      this.note(error, true);
    }
  }

  /** What is left of it is gone after a millisecond. */
  private async tryAll(): Promise<void> {
    const { store, hasSubjects } = this.options;
    const claim = this.probeClaim;
    await store.claim(claim, PROBE_LEASE_MS);
    await store.release(claim, 'unstarted');
    await store.claim(claim, PROBE_LEASE_MS);
    await store.renew([claim], PROBE_LEASE_MS);
    await store.done(claim, { rememberForMs: 1, ...(hasSubjects && { position: '0', rememberPositionForMs: 1 }) });
  }

  /** A call has failed, for a reason that is not its own. */
  failed(error: unknown): void {
    this.note(error, false);
  }

  /** A message was handled without the inbox. Counted, and said once a minute. */
  noteProceeded(): void {
    this.proceeded += 1;
    const now = this.now();
    if (now - this.saidAt < SAY_AGAIN_MS) return;
    this.saidAt = now;
    this.options.logger.warn(`inbox: away; ${this.proceeded} message(s) handled without it so far`);
  }

  /** Resolves when the store answers again, or after `ms`. */
  async untilAvailable(ms: number): Promise<void> {
    if (!this.unavailable || this.stopped) return;
    await new Promise<void>(resolve => {
      const end = (): void => {
        clearTimeout(timer);
        this.waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.waiting.add(end);
    });
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.letGo();
  }

  private note(error: unknown, isProbe: boolean): void {
    if (this.stopped) return;
    const reason = reasonOf(error);
    // Calls under way when a connection is remade fail with it, and tell nothing new.
    const isNews = !this.unavailable || (!this.toldReasons.has(reason) && (isProbe || reason !== UNREACHABLE));
    this.unavailable = true;
    this.timer ??= setTimeout(() => void this.probe(), this.delayMs());
    if (!isNews) return;
    this.toldReasons.add(reason);
    this.options.onFault(unavailable(error, this.options));
  }

  private async probe(): Promise<void> {
    this.timer = undefined;
    await this.check();
  }

  private delayMs(): number {
    if (this.now() - this.recoveredAt > IS_STEADY_MS) this.failures = 0;
    this.recoveredAt = Infinity;
    this.failures += 1;
    return backoffMs(PROBE_BACKOFF, this.failures, this.random);
  }

  private recovered(): void {
    if (!this.unavailable || this.stopped) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.unavailable = false;
    this.recoveredAt = this.now();
    this.toldReasons.clear();
    this.letGo();
    this.options.onRecovery();
  }

  private letGo(): void {
    this.waiting.forEach(end => end());
  }
}

/**
 * What a store says is wrong, without what differs from call to call: Redis begins its errors with a word in capitals,
 * and PostgreSQL has a code.
 */
function reasonOf(error: unknown): string {
  const text = errorText(error);
  const word = (/\bSQLSTATE \w{5}\b/.exec(text) ?? /\b[A-Z]{3,}\b/.exec(text))?.[0];
  // ECONNREFUSED, ETIMEDOUT and their like.
  return word === undefined || /^E[A-Z]{4,}$/.test(word) ? UNREACHABLE : word;
}

/** What a person can do, by the reason. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ...['3F000', '42P01', '42883'].map(
    state =>
      [
        `SQLSTATE ${state}`,
        'create the tables by `npx nestjs-sns-sqs outbox migrate`, or by `await migrate(pool)` before the start',
      ] as const,
  ),
  ['SQLSTATE 42501', `give the database user the permissions that ${docsPage('inbox-postgres.md')} lists`],
  [
    'READONLY',
    "let the address lead to the primary server. A client of your own needs ioredis' `reconnectOnError`, so that it leaves a replica after a failover",
  ],
  ['OOM', 'give Redis more memory'],
  ...['NOAUTH', 'WRONGPASS', 'NOPERM'].map(
    word => [word, 'correct user and password of the store, and what this user may do'] as const,
  ),
  [UNREACHABLE, 'check that the store runs, and its address'],
]);

const remedyOf = (cause: unknown): string =>
  REMEDIES.get(reasonOf(cause)) ?? 'check that the store runs, its memory, and that it accepts writes';

function unavailable(cause: unknown, { queue, onUnavailable }: StoreHealthOptions): SnsSqsError {
  const meanwhile =
    onUnavailable === 'wait'
      ? `${queue} receives and handles nothing until it does`
      : `The messages of ${queue} are handled without it until it does`;
  return new SnsSqsError('INBOX_UNAVAILABLE', {
    problem: `The store of the inbox does not do what ${queue} needs: ${errorText(cause)}. ${meanwhile}`,
    remedy: remedyOf(cause),
    retryable: true,
    cause,
    facts: { queue, onUnavailable },
  });
}
