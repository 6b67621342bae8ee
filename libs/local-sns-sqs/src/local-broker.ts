import { Broker } from './core/broker.js';
import type { Clock } from './core/clock.js';
import { Ids } from './core/ids.js';
import { allRecords } from './core/persist/records.js';
import { restoreRecords } from './core/persist/restore.js';
import { FaultPlan } from './faults/fault-plan.js';
import { HttpServer } from './http/server.js';
import { Inspection } from './inspection.js';
import { Persistence } from './persist/persistence.js';
import { SystemClock } from './system-clock.js';

export interface LocalBrokerOptions {
  /** 0 takes a free one. @default 0 */
  port?: number | undefined;
  /** The address to listen on; `0.0.0.0` is every address of this machine. @default '127.0.0.1' */
  host?: string | undefined;
  /**
   * The name under which others reach the broker, with a port if theirs is another, e.g. `broker` in a network of
   * containers. Queue URLs begin with it, whatever the caller used. @default the host of each request
   */
  hostname?: string | undefined;
  /**
   * A file that keeps the state: a broker that starts with this file continues where the last one was, even after `kill
   * -9`. The file has the state of every answered call. @default none: all state is in memory
   */
  persist?: string | undefined;
  /** Origins whose web pages may call, e.g. `http://localhost:3000`; `*` is every one. @default none */
  cors?: readonly string[] | undefined;
  /** Source of time; a `VirtualClock` stands still until the test moves it. @default real time */
  clock?: Clock | undefined;
  /** Start of the identifiers: the same seed and calls give the same ids. @default random */
  seed?: number | undefined;
  /** @default 'us-east-1' */
  region?: string | undefined;
  /** Twelve digits. @default '000000000000' */
  accountId?: string | undefined;
}

export interface LocalBroker {
  /** For `endpoint` of an SDK client on this machine, or AWS_ENDPOINT_URL, e.g. `http://127.0.0.1:40123`. */
  readonly endpoint: string;
  /** For others, by `hostname`; without one it is `endpoint`. */
  readonly publicEndpoint: string;
  readonly inspect: Inspection;
  /** The faults of the broker. */
  readonly faults: FaultPlan;
  /** Of the identifiers and the faults: give it to `startLocalBroker` to have the same again. */
  readonly seed: number;
  /**
   * Removes every message of a queue, received ones too, without AWS's minute between two purges. A queue that does not
   * exist has none.
   */
  purge(queue: string): void;
  /** The whole state but calls, faults and histories, as JSON: for `restore`, of this broker or another. */
  snapshot(): BrokerSnapshot;
  /**
   * Makes the state what it was at that snapshot, receipt handles included. Long polls end empty. Times are absolute:
   * with a virtual clock start it at `snapshot.at`.
   */
  restore(snapshot: BrokerSnapshot): void;
  /** Forgets every queue, topic, message, count and fault. */
  reset(): void;
  /** Cuts all connections and frees the port. Idempotent. */
  stop(): Promise<void>;
}

/** A state of a broker, as plain JSON. */
export interface BrokerSnapshot {
  readonly version: 1;
  /** When it was taken, by the broker's clock, in epoch milliseconds. */
  readonly at: number;
  readonly records: ReadonlyArray<readonly [key: string, value: unknown]>;
}

export const DEFAULT_REGION = 'us-east-1';
export const DEFAULT_ACCOUNT = '000000000000';

/** Starts an SNS and SQS. Rejects when the port is taken, or the file of `persist` cannot be used. */
export async function startLocalBroker(options: LocalBrokerOptions = {}): Promise<LocalBroker> {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
  // Its own sequence: a fault more or less does not change the identifiers.
  const faultRandom = new Ids(seed ^ 0x5eed);
  const broker = new Broker({
    clock: options.clock ?? new SystemClock(),
    seed,
    region: options.region ?? DEFAULT_REGION,
    accountId: options.accountId ?? DEFAULT_ACCOUNT,
    // After the events that have arrived: a closed connection is noticed before it is given a message.
    defer: run => setImmediate(run),
  });
  const inspect = new Inspection(broker);
  const faults = new FaultPlan(
    () => broker.now(),
    () => faultRandom.word() / 2 ** 32,
  );
  const kept = options.persist === undefined ? undefined : new Persistence(broker, options.persist);
  const commit = kept && (() => kept.commit());
  const server = new HttpServer(broker, faults, { ...options, ...(commit && { commit }) });
  const endpoint = await server.listen(options.port ?? 0).catch((error: unknown) => {
    kept?.close();
    throw error;
  });
  let stopped: Promise<void> | undefined;
  return {
    endpoint,
    publicEndpoint: server.publicOrigin,
    inspect,
    faults,
    seed,
    purge(queue) {
      broker.queues.get(queue)?.purge();
      kept?.commit();
    },
    snapshot: () => {
      broker.deadlines.runDue();
      const records = JSON.parse(JSON.stringify([...allRecords(broker)])) as BrokerSnapshot['records'];
      return { version: 1, at: broker.now(), records };
    },
    restore({ records }) {
      restoreRecords(broker, structuredClone(records));
      inspect.clear();
      kept?.rewrite();
    },
    reset() {
      broker.reset();
      faults.clear();
      inspect.clear();
      server.recent.clear();
      kept?.rewrite();
    },
    stop: () =>
      (stopped ??= server.close().then(() => {
        broker.deadlines.clear();
        kept?.close();
      })),
  };
}
