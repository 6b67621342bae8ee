import { randomUUID } from 'node:crypto';
import { abortController } from '../async/abort.js';
import { backoffMs } from '../async/backoff.js';
import { pause } from '../async/pause.js';
import { observeOutbox, type ObservedOutbox } from '../events/observed-parts.js';
import { thrownText } from '../errors/thrown.js';
import type { OutboxRow, OutboxStatus, OutboxStore } from '../interfaces/outbox-store.interface.js';
import { keepLease } from './kept-lease.js';
import { RelayFaults, type RelayLogger } from './relay-faults.js';
import { RelayHousekeeping } from './relay-housekeeping.js';
import { RelayPaces } from './relay-paces.js';
import { RelayRound, type RelaySend } from './relay-round.js';
import { RelayRounds, type Claim } from './relay-rounds.js';
import { RelaySettler, STORE_RETRY_MS } from './relay-settler.js';
import { RelayWaiter } from './relay-waiter.js';
import { RestingLanes } from './resting-lanes.js';

const OUTBOX_DEFAULT_POLL_MS = 1_000;
export const OUTBOX_DEFAULT_LEASE_MS = 30_000;
const OUTBOX_DEFAULT_MAX_ROWS = 400;

/** A round begins nothing later than this, so that what it has sent is removed soon. */
const ROUND_MS = 1_000;

export interface RelayParts {
  store: OutboxStore;
  logger: RelayLogger;
  /** @default Math.random */
  random?: () => number;
}

/** A client's hold on a relay. */
export interface RelayLink {
  /** This client has written a message. */
  onWritten(): void;
  /** Begins nothing more for this client; resolves when what was under way is settled. */
  detach(): Promise<void>;
}

/**
 * Publishes the messages of an outbox, as long as a client is attached. Any number of relays work at one time, in any
 * number of processes. One that dies leaves its messages to the others when its lease is over. A message is removed
 * after AWS has accepted it: a crash between the two publishes it twice, under the same id.
 */
export class OutboxRelay implements ObservedOutbox {
  private readonly waiter: RelayWaiter;
  private readonly faults: RelayFaults;
  private readonly resting: RestingLanes;
  private readonly settler: RelaySettler;
  private readonly random: () => number;
  private readonly senders = new Map<string, RelaySend[]>();
  private readonly paces: RelayPaces;
  private readonly rounds = new RelayRounds();
  /** The token of a claim that was not answered. */
  private doubtful: string | undefined;
  private readonly leaseMs: number;
  private opened = new Set<string>();
  private readonly housekeeping: RelayHousekeeping;
  private isClosed = false;
  private storeFailures = 0;
  private running: Promise<void> | undefined;
  private stopping = abortController();

  constructor(private readonly parts: RelayParts) {
    const { store, logger, random = Math.random } = parts;
    const {
      pollMs = OUTBOX_DEFAULT_POLL_MS,
      leaseMs = OUTBOX_DEFAULT_LEASE_MS,
      maxRows = OUTBOX_DEFAULT_MAX_ROWS,
    } = store.relay || {};
    this.random = random;
    this.leaseMs = leaseMs;
    this.paces = new RelayPaces(maxRows, random);
    this.waiter = new RelayWaiter(pollMs, random);
    this.faults = new RelayFaults(logger);
    this.resting = new RestingLanes(random);
    this.settler = new RelaySettler(store, this.faults, random);
    this.housekeeping = new RelayHousekeeping(store, this.faults);
  }

  /** As it was when last looked at, at most about ten seconds ago. */
  get status(): readonly OutboxStatus[] {
    return this.housekeeping.statuses;
  }

  /** Why messages are not published; undefined: they are. */
  get fault(): string | undefined {
    return this.faults.reason;
  }

  /** Relays what is for this destination by `send`, from now on; nothing after {@link close}. */
  attach(destination: string, send: RelaySend): RelayLink {
    if (this.isClosed) return { onWritten: () => undefined, detach: () => this.close() };
    this.senders.set(destination, [...(this.senders.get(destination) ?? []), send]);
    this.running ??= this.run();
    this.waiter.wake();
    return { onWritten: () => this.waiter.onWritten(), detach: () => this.detach(destination, send) };
  }

  /** Begins nothing more, for good; resolves when what was under way is settled. Idempotent. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.senders.clear();
    await this.end();
  }

  private async end(): Promise<void> {
    this.stopping.abort();
    this.waiter.wake();
    await this.running;
  }

  private async detach(destination: string, send: RelaySend): Promise<void> {
    const left = (this.senders.get(destination) ?? []).filter(other => other !== send);
    if (left.length > 0) this.senders.set(destination, left);
    else {
      this.senders.delete(destination);
      this.paces.forget(destination);
      this.faults.forget(destination);
    }
    await (this.senders.size > 0 ? this.rounds.ended() : this.end());
  }

  private async run(): Promise<void> {
    this.stopping = abortController();
    const unobserve = observeOutbox(this);
    const unwatch = this.parts.store.watch?.(() => this.waiter.wake());
    while (this.senders.size > 0) {
      const ms = await this.turn();
      if (ms > 0 && this.senders.size > 0) await this.waiter.wait(ms);
    }
    await this.rounds.ended();
    await this.settler.ended();
    unobserve();
    await unwatch?.();
    this.running = undefined;
    // A client that was attached meanwhile.
    if (this.senders.size > 0) this.running = this.run();
  }

  /** Gives how long to wait before the next one at most, in milliseconds. */
  private async turn(): Promise<number> {
    try {
      const hasFound = await this.claim();
      // Somebody may have restored the tables meanwhile, without a moment in which they were not there.
      if ((await this.housekeeping.doDue([...this.senders.keys()])) === 'tidied') this.opened.clear();
      return hasFound ? 0 : this.paces.untilDue();
    } catch (error) {
      this.storeFailures += 1;
      this.faults.onStoreFailure(thrownText(error));
      // Its tables may be new ones when it is back.
      this.opened.clear();
      await pause(backoffMs(STORE_RETRY_MS, this.storeFailures, this.random), this.stopping.signal);
      return 0;
    }
  }

  /** Whether there was something to publish. */
  private async claim(): Promise<boolean> {
    if (this.settler.isStuck) return false;
    const { store } = this.parts;
    const all = [...this.senders.keys()];
    const unopened = all.filter(destination => !this.opened.has(destination));
    if (unopened.length > 0) await store.open(unopened);
    for (const destination of unopened) this.opened.add(destination);
    let hasFound = false;
    const claims = this.rounds.claims(this.paces.ready(all), each => this.paces.of(each).isHeldUp);
    for (const claim of claims) hasFound = (await this.claimFor(claim)) || hasFound;
    return hasFound;
  }

  private async claimFor({ destinations, aloneFor }: Claim): Promise<boolean> {
    const { store } = this.parts;
    await this.giveBackDoubtful();
    const token = randomUUID();
    this.doubtful = token;
    const rows = await store.claim({
      destinations,
      token,
      leaseMs: this.leaseMs,
      rows: this.paces.limitOf(destinations),
      exceptLanes: this.resting.lanes(),
    });
    this.doubtful = undefined;
    const fresh = rows.filter(({ row }) => !this.settler.isUnsettled(row));
    if (rows.length > 0 && fresh.length === 0) await store.settle(token, { sent: [], refused: [] });
    this.storeFailures = 0;
    this.faults.onStoreAnswer();
    if (fresh.length === 0) return false;
    const round = new RelayRound({
      rows: fresh,
      sendTo: destination => this.senders.get(destination)?.[0],
      beginWithinMs: Math.min(ROUND_MS, this.leaseMs / 3),
    });
    this.rounds.add(round, this.work(token, fresh, round), aloneFor, () => this.waiter.wake());
    return true;
  }

  /** A claim whose answer was lost may hold messages, which would else wait for its lease to end. */
  private async giveBackDoubtful(): Promise<void> {
    if (this.doubtful === undefined) return;
    await this.parts.store.settle(this.doubtful, { sent: [], refused: [] });
    this.doubtful = undefined;
  }

  /** Never rejects. */
  private async work(token: string, rows: OutboxRow[], round: RelayRound): Promise<void> {
    const endLease = keepLease(this.parts.store, token, this.leaseMs, () => round.stop());
    await round.run();
    this.learnFrom(round, rows);
    // Until then no other relay takes what was sent, and sends it again.
    await this.settler.settle(token, round, this.stopping.signal, () => {
      endLease();
      if (round.sent.length + round.refused.length > 0) this.waiter.wake();
    });
  }

  private learnFrom(round: RelayRound, rows: readonly OutboxRow[]): void {
    let isAnyAccepted = false;
    for (const [destination, { accepted, failure }] of round.tallies) {
      // Its last client has closed meanwhile: that is no fault.
      if (!this.senders.has(destination)) continue;
      const isHeldUp = failure !== undefined && (accepted === 0 || failure.code === 'THROTTLED');
      if (accepted > 0) this.faults.onAccepted(destination);
      if (isHeldUp) {
        this.paces.of(destination).onHeldUp();
        this.faults.onHeldUp(destination, failure);
      } else if (accepted > 0) this.paces.of(destination).onAccepted();
      isAnyAccepted ||= accepted > 0;
    }
    // Where nothing was accepted the destination itself rests.
    this.resting.learn(rows, isAnyAccepted ? round.failedLanes : []);
    for (const refusal of round.refused) {
      this.faults.onRefused(rows.find(({ row }) => row === refusal.row)?.destination ?? '', refusal);
    }
  }
}
