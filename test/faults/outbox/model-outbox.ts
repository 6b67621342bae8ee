import type { ModelTransaction } from './row-locks.ts';
import type { CarryOut, Row, Statement } from './statement.ts';

export interface ModelMessage {
  destination: string;
  bucket: number;
  lane: string | null;
  id: string;
  type: string;
  entry: string;
}

interface Kept extends ModelMessage {
  row: number;
  createdAt: number;
  /** Not committed: nobody else sees it. */
  by: ModelTransaction | undefined;
}

export interface ModelScheduled extends ModelMessage {
  order: number;
  key: string | null;
  dueAt: number;
  by: ModelTransaction | undefined;
}

export interface ModelRefused extends ModelMessage {
  row: number;
  createdAt: number;
  code: string;
}

interface Bucket {
  destination: string;
  bucket: number;
  token: string | null;
  leasedUntil: number;
}

const BUCKETS = 16;
const CLAIM_BUCKETS = 8;
const CLAIM_BYTES = 8 * 1_048_576;
const PROMOTE_AT_ONCE = 500;

const isText = (value: unknown): value is string => typeof value === 'string';
const textAt = (values: readonly unknown[], at: number): string => String(values[at]);
const listAt = <T>(values: readonly unknown[], at: number): T[] => JSON.parse(textAt(values, at)) as T[];
const keyOf = (destination: string, name: string): string => `${destination} ${name}`;

/** $1 … $6 of the statements that write a message. */
const messageOf = (values: readonly unknown[]): ModelMessage => ({
  destination: textAt(values, 0),
  bucket: Number(values[1]),
  lane: isText(values[2]) ? values[2] : null,
  id: textAt(values, 3),
  type: textAt(values, 4),
  entry: textAt(values, 5),
});

/** The tables of the outbox, and its statements by their names. */
export class ModelOutbox {
  messages: Kept[] = [];
  scheduled: ModelScheduled[] = [];
  refused: ModelRefused[] = [];
  /** What was sent, with the option `keep`. */
  readonly kept: ModelMessage[] = [];
  /** Told of each message at the commit by which it can be seen. */
  onMessage: (message: ModelMessage) => void = () => undefined;
  readonly #lanes = new Map<string, number | null>();
  readonly #buckets = new Map<string, Bucket>();
  readonly #now: () => number;
  readonly #random: () => number;
  #ids = 0;

  constructor(now: () => number, random: () => number) {
    this.#now = now;
    this.#random = random;
  }

  statements(): Record<string, CarryOut> {
    return {
      nextSequence: statement => this.#nextSequence(statement),
      returnSequence: statement => this.#returnSequence(statement),
      add: ({ tx, values }) => this.#insert(tx, messageOf(values)),
      addToLane: statement => this.#addToLane(statement),
      addNext: statement => this.#addNext(statement),
      schedule: statement => this.#schedule(statement),
      cancel: statement => this.#cancel(statement),
      open: ({ values }) => this.#open(listAt(values, 0)),
      lease: ({ values }) => this.#lease(values),
      read: ({ values }) => this.#read(values),
      renew: ({ values }) => this.#renew(textAt(values, 0), Number(values[1])),
      settle: ({ values }) => this.#settle(textAt(values, 0), listAt(values, 1), false),
      settleAndKeep: ({ values }) => this.#settle(textAt(values, 0), listAt(values, 1), true),
      keep: () => [],
      refuse: ({ values }) => this.#refuse(listAt(values, 0)),
      promote: statement => this.#promote(statement),
      status: ({ values }) => this.#status(listAt(values, 0)),
      neglected: ({ values }) => this.#neglected(listAt(values, 0), Number(values[1])),
      tidy: () => [],
    };
  }

  async #nextSequence({ tx, values, locks }: Statement): Promise<Row[]> {
    const key = keyOf(textAt(values, 0), textAt(values, 1));
    await locks.lock(`lane ${key}`, tx);
    const next = (this.#lanes.get(key) ?? 0) + 1;
    this.#setLane(tx, key, next);
    return [{ sequence: String(next) }];
  }

  async #addNext(statement: Statement): Promise<Row[]> {
    const { destination, lane, ...message } = messageOf(statement.values);
    const [next] = await this.#nextSequence({ ...statement, values: [destination, lane] });
    const entry = message.entry.replaceAll(textAt(statement.values, 6), String(next?.['sequence']));
    return this.#insert(statement.tx, { ...message, destination, lane, entry });
  }

  async #returnSequence({ tx, values, locks }: Statement): Promise<Row[]> {
    const key = keyOf(textAt(values, 0), textAt(values, 1));
    if (!this.#lanes.has(key)) return [];
    await locks.lock(`lane ${key}`, tx);
    const sequence = Number(values[2]);
    if (this.#lanes.get(key) === sequence) this.#setLane(tx, key, sequence - 1);
    return [];
  }

  #setLane(tx: ModelTransaction, key: string, sequence: number | null): void {
    const [isKnown, before] = [this.#lanes.has(key), this.#lanes.get(key) ?? null];
    this.#lanes.set(key, sequence);
    tx.undo.push(() => (isKnown ? this.#lanes.set(key, before) : this.#lanes.delete(key)));
  }

  async #addToLane({ tx, values, locks }: Statement): Promise<Row[]> {
    const message = messageOf(values);
    const key = keyOf(message.destination, message.lane ?? '');
    await locks.lock(`lane ${key}`, tx);
    this.#setLane(tx, key, this.#lanes.get(key) ?? null);
    return this.#insert(tx, message);
  }

  #insert(tx: ModelTransaction, message: ModelMessage): Row[] {
    const kept: Kept = { ...message, row: (this.#ids += 1), createdAt: this.#now(), by: tx };
    this.messages.push(kept);
    tx.undo.push(() => this.messages.splice(this.messages.indexOf(kept), 1));
    tx.onCommit.push(() => {
      kept.by = undefined;
      this.onMessage(kept);
    });
    return [];
  }

  async #schedule({ tx, values, locks }: Statement): Promise<Row[]> {
    const key = isText(values[6]) ? values[6] : null;
    const message = messageOf(values);
    const dueAt = Date.parse(textAt(values, 7));
    if (key !== null) await locks.lock(`scheduled ${keyOf(message.destination, key)}`, tx);
    const known = this.#scheduledAt(message.destination, key);
    if (known) {
      const before = { ...known };
      Object.assign(known, message, { dueAt });
      tx.undo.push(() => Object.assign(known, before));
      return [];
    }
    const row: ModelScheduled = { ...message, order: (this.#ids += 1), key, dueAt, by: tx };
    this.scheduled.push(row);
    tx.undo.push(() => this.#unschedule(row));
    tx.onCommit.push(() => (row.by = undefined));
    return [];
  }

  async #cancel({ tx, values, locks }: Statement): Promise<Row[]> {
    const [destination, key] = [textAt(values, 0), textAt(values, 1)];
    await locks.lock(`scheduled ${keyOf(destination, key)}`, tx);
    const row = this.#scheduledAt(destination, key);
    if (!row) return [];
    this.#unschedule(row);
    tx.undo.push(() => this.scheduled.push(row));
    return [{ id: row.order }];
  }

  #scheduledAt(destination: string, key: string | null): ModelScheduled | undefined {
    return key === null ? undefined : this.scheduled.find(each => each.destination === destination && each.key === key);
  }

  #unschedule(row: ModelScheduled): void {
    this.scheduled = this.scheduled.filter(each => each !== row);
  }

  /** Rows that a transaction has locked are left to the next time. */
  #promote({ tx, locks }: Statement): Row[] {
    const due = this.#due()
      .filter(
        ({ destination, key }) => key === null || !locks.isLockedByOther(`scheduled ${keyOf(destination, key)}`, tx),
      )
      .toSorted((a, b) => a.dueAt - b.dueAt || a.order - b.order)
      .slice(0, PROMOTE_AT_ONCE);
    for (const row of due) {
      const { destination, bucket, lane, id, type, entry } = row;
      this.#unschedule(row);
      this.#insert(tx, { destination, bucket, lane, id, type, entry });
    }
    return [];
  }

  #due(): ModelScheduled[] {
    return this.scheduled.filter(({ by, dueAt }) => by === undefined && dueAt <= this.#now());
  }

  #open(destinations: string[]): Row[] {
    for (const destination of destinations) {
      for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
        const key = keyOf(destination, String(bucket));
        if (!this.#buckets.has(key))
          this.#buckets.set(key, { destination, bucket, token: null, leasedUntil: -Infinity });
      }
    }
    return [];
  }

  #lease(values: readonly unknown[]): Row[] {
    const destinations = listAt<string>(values, 0);
    const now = this.#now();
    const filled = new Set(this.#visible().map(({ destination, bucket }) => keyOf(destination, String(bucket))));
    const free = [...this.#buckets]
      .filter(
        ([key, { destination, leasedUntil }]) =>
          destinations.includes(destination) && leasedUntil < now && filled.has(key),
      )
      .map(([, bucket]) => ({ bucket, rank: this.#random() }))
      .toSorted((a, b) => a.rank - b.rank)
      .slice(0, CLAIM_BUCKETS);
    for (const { bucket } of free) {
      bucket.token = textAt(values, 1);
      bucket.leasedUntil = now + Number(values[2]);
    }
    return [{ taken: free.length, due: this.#due().length > 0 }];
  }

  #read(values: readonly unknown[]): Row[] {
    const [ofEach, rested] = [Number(values[1]), new Set(listAt<string>(values, 2))];
    let bytes = 0;
    return this.#held(textAt(values, 0))
      .flatMap(held =>
        this.#visible()
          .filter(({ destination, bucket, lane }) => {
            const isOfBucket = destination === held.destination && bucket === held.bucket;
            return isOfBucket && (lane === null || !rested.has(keyOf(destination, lane)));
          })
          .slice(0, ofEach),
      )
      .toSorted((a, b) => a.row - b.row)
      .filter(({ entry }) => {
        const before = bytes;
        bytes += Buffer.byteLength(entry);
        return before < CLAIM_BYTES;
      })
      .map(({ row, destination, lane, id, type, entry }) => ({ row: String(row), destination, lane, id, type, entry }));
  }

  #renew(token: string, leaseMs: number): Row[] {
    const held = this.#held(token);
    for (const bucket of held) bucket.leasedUntil = this.#now() + leaseMs;
    return held.map(({ bucket }) => ({ bucket }));
  }

  #settle(token: string, sent: string[], keeps: boolean): Row[] {
    const gone = new Set(sent.map(Number));
    if (keeps) this.kept.push(...this.messages.filter(({ row }) => gone.has(row)));
    this.messages = this.messages.filter(({ row }) => !gone.has(row));
    for (const bucket of this.#held(token)) Object.assign(bucket, { token: null, leasedUntil: -Infinity });
    return [];
  }

  #refuse(refusals: Array<{ row: string; code: string }>): Row[] {
    for (const { row, code } of refusals) {
      const found = this.messages.find(each => each.row === Number(row));
      if (!found) continue;
      this.messages.splice(this.messages.indexOf(found), 1);
      const { by: _, ...message } = found;
      this.refused.push({ ...message, code });
    }
    return [];
  }

  #status(destinations: string[]): Row[] {
    return destinations.map(destination => {
      const isOfIt = (each: ModelMessage): boolean => each.destination === destination;
      const waiting = this.#visible().filter(isOfIt);
      const oldest = Math.min(...waiting.map(({ createdAt }) => createdAt));
      return {
        destination,
        waiting: waiting.length,
        oldest_ms: waiting.length === 0 ? '0' : String(Math.floor(this.#now() - oldest)),
        refused: this.refused.filter(isOfIt).length,
        scheduled: this.scheduled.filter(each => each.by === undefined && isOfIt(each)).length,
      };
    });
  }

  #neglected(except: string[], olderThanMs: number): Row[] {
    const others = [...new Set(this.#visible().map(({ destination }) => destination))].toSorted();
    return this.#status(others.filter(each => !except.includes(each)))
      .filter(row => Number(row['oldest_ms']) > olderThanMs)
      .map(({ destination, oldest_ms }) => ({ destination, oldest_ms }));
  }

  /** In the order of their ids. */
  #visible(): Kept[] {
    return this.messages.filter(({ by }) => by === undefined);
  }

  #held(token: string): Bucket[] {
    return [...this.#buckets.values()].filter(bucket => bucket.token === token);
  }
}
