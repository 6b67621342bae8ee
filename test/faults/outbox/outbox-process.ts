import type { ClockWatch } from '#lib/async/clock-watch.js';
import { ClientOutbox } from '#lib/client/outbox/client-outbox.js';
import { Publisher } from '#lib/client/publish/publisher.js';
import type { SqsContext } from '#lib/ctx-host/sqs.context.js';
import { Inbox } from '#lib/inbox/inbox.js';
import type { EventMetadata } from '#lib/interfaces/envelope.interface.js';
import type { BatchResult, OutgoingSqsMessage } from '#lib/interfaces/wire.interface.js';
import { consumerSettings } from '#lib/options/server-options.js';
import { PostgresInboxStore } from '#lib/postgres/inbox/postgres-inbox-store.js';
import { PostgresOutbox } from '#lib/postgres/outbox/postgres-outbox.js';
import { fromPg } from '#lib/postgres/sql/from-pg.js';
import { SnsRecordBuilder } from '#lib/record-builders/sns-record.builder.js';
import { HandlerRegistry } from '#lib/server/handle/handler-registry.js';
import { QueueConsumer } from '#lib/server/queue-consumer.js';
import { Slots } from '#lib/server/receive/slots.js';
import { ServerInbox } from '#lib/server/server-inbox.js';
import type { FaultyWire } from '../faulty-wire.ts';
import { SteppedWatch } from '../stepped-watch.ts';
import type { FaultyPool } from './faulty-pool.ts';
import type { Body } from './outbox-judge.ts';
import type { Emit, HandlerStep, OutboxSchedule, ScheduledTransaction } from './schedule.ts';

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
const DAY_MS = 24 * 60 * 60 * 1000;
/** What a handler writes: the event, as text. */
export const INSERT_EFFECT = 'INSERT INTO effects (event) VALUES ($1)';
export const TYPES = ['numbered', 'plain', 'loose', 'later'] as const;
const SUCCESS: HandlerStep = { outcome: 'ok', ms: 0, marksFirst: false };

const forever = <T>(): Promise<T> => new Promise(() => undefined);
const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

export interface OutboxProcessOptions {
  schedule: OutboxSchedule;
  isRelay: boolean;
  pool: FaultyPool;
  wire: FaultyWire;
  /** Of the queue that is handled, of its dead letter queue, and of the queue of what the handlers emit. */
  urls: { handled: string; letters: string; after: string };
  /** How often the handler of this event was started, in all processes, from 1. */
  noteStart: (id: string) => number;
  /** It dies. */
  kill: () => void;
  /** The faults are over. */
  isCalm: () => boolean;
  /** SNS does not take what is of this subject now. */
  isLaneAway: (subject: string | undefined) => boolean;
  untilAwake: () => Promise<void>;
  startedAt: number;
}

/** A process of the service: emits in transactions, relays, and handles with effect, event and mark in one transaction. */
export class OutboxProcess {
  isAlive = true;
  readonly pool: FaultyPool;
  readonly wire: FaultyWire;
  readonly watch = new SteppedWatch();
  readonly #options: OutboxProcessOptions;
  readonly #store: PostgresOutbox;
  readonly #publishers: Publisher[] = [];
  readonly #events: ClientOutbox;
  readonly #after: ClientOutbox;
  readonly #inbox: ServerInbox;
  readonly #consumer: QueueConsumer;

  constructor(options: OutboxProcessOptions) {
    const { schedule, pool, wire, urls, isRelay } = options;
    this.#options = options;
    this.pool = pool;
    this.wire = wire;
    const { leaseMs, pollMs, maxRows, keeps } = schedule;
    this.#store = new PostgresOutbox({
      pool,
      relay: isRelay && { leaseMs, pollMs, maxRows },
      ...(keeps && { keep: { days: 7 } }),
    });
    this.#events = this.#client('events', urls.handled);
    this.#after = this.#client('after', urls.after);
    this.#inbox = new ServerInbox({
      store: new PostgresInboxStore({ pool, cleanUpEverySeconds: 0 }),
      onUnavailable: 'wait',
      logger: SILENT,
      onFault: () => undefined,
      onRecovery: () => this.#consumer.wake(),
    });
    this.#consumer = this.#consume();
    this.#events.start();
    this.#after.start();
    if (schedule.consumes) this.#consumer.start();
  }

  /** One transaction of the service, as users write them. */
  async transact({ emits, end, cancels, emitsAtOnce }: ScheduledTransaction, name: string): Promise<void> {
    await this.#within(async tx => {
      if (cancels) await this.#events.writer.cancel(tx, 'key');
      const emit = (one: Emit, at: number): Promise<void> => this.#emit(tx, one, `${name}.${at}`);
      if (emitsAtOnce) await Promise.all(emits.map(emit));
      else {
        for (const [at, one] of emits.entries()) {
          await emit(one, at);
          if (one.ms > 0) await pause(one.ms);
        }
      }
      if (end === 'rollback') throw new Error('the service has changed its mind');
    }).catch(() => undefined);
  }

  /** SIGTERM. */
  async stop(timeoutMs: number): Promise<void> {
    await this.#consumer.stop(timeoutMs);
    await Promise.all([this.#events.close(), this.#after.close()]);
    await Promise.all(this.#publishers.map(publisher => publisher.close()));
    await this.#store.close();
    await this.#inbox.close();
  }

  /** kill -9: nothing of it is heard of again. */
  die(ghostMs: number): void {
    this.isAlive = false;
    this.wire.cutOff();
    this.pool.cut(ghostMs);
    // Its own timers go on in this process: they find nobody who answers.
    void this.stop(0);
  }

  #client(service: string, url: string): ClientOutbox {
    const { schedule } = this.#options;
    const client = { shutdownTimeoutMs: 5_000, ...(schedule.fifo && { groupId: 'none' as const }) };
    const publisher = new Publisher({
      destination: { name: url, fifo: schedule.fifo, filters: true, source: service },
      operation: 'PublishBatch',
      makes: false,
      resolve: () => Promise.resolve(url),
      send: (target, entries) => this.#send(target, entries),
      maxBatchBytes: 262_144,
      client,
    });
    this.#publishers.push(publisher);
    const destination = `sns:${service}`;
    return new ClientOutbox({
      store: this.#store,
      publisher,
      destination,
      fifo: schedule.fifo,
      client,
      logger: SILENT,
    });
  }

  /** Some entries are refused for good, and some fail for as long as their subject does. */
  async #send(url: string, entries: readonly OutgoingSqsMessage[]): Promise<BatchResult> {
    const { isLaneAway, untilAwake } = this.#options;
    await untilAwake();
    const failed: BatchResult['failed'] = [];
    const well = entries.filter(({ id, body }) => {
      const { subject, data } = JSON.parse(body) as Body;
      const senderFault = data.isRefused === true;
      if (!senderFault && !isLaneAway(subject)) return true;
      failed.push({ id, code: senderFault ? 'InvalidParameter' : 'InternalError', message: 'injected', senderFault });
      return false;
    });
    const result = well.length > 0 ? await this.wire.sendBatch(url, well) : { successful: [], failed: [] };
    if (well.length === 0) await pause(5);
    await untilAwake();
    return { successful: result.successful, failed: [...result.failed, ...failed] };
  }

  async #emit(
    tx: ReturnType<typeof fromPg>,
    { kind, subject, isRefused, dueAt, hasKey }: Emit,
    id: string,
  ): Promise<void> {
    const { startedAt } = this.#options;
    const isUnwritable = kind === 'unwritable';
    const record = new SnsRecordBuilder({ isRefused, ...(isUnwritable && { n: 1n }) }).setId(id);
    if (kind !== 'loose') this.#place(record, `s${subject}`);
    if (kind === 'numbered' || isUnwritable) record.setSequence('next');
    if (kind === 'later') {
      record.setDeliverAt(new Date(startedAt + dueAt));
      if (hasKey) record.setScheduleKey('key');
    }
    const writing = this.#events.writer.write(tx, isUnwritable ? 'numbered' : kind, record.build());
    // Whoever catches that it cannot be written goes on, and commits.
    await writing.catch((error: unknown) => rethrowUnless(isUnwritable && 'UNSERIALIZABLE_DATA', error));
  }

  #place(record: SnsRecordBuilder, subject: string): void {
    record.setSubject(subject);
    if (this.#options.schedule.fifo) record.setGroupId(subject);
  }

  async #within(work: (tx: ReturnType<typeof fromPg>) => Promise<void>): Promise<void> {
    const connection = await this.pool.connect();
    try {
      await connection.query('BEGIN');
      await work(fromPg(connection));
      await connection.query('COMMIT');
    } catch (error) {
      await connection.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      connection.release();
    }
  }

  #consume(): QueueConsumer {
    const { schedule, wire, urls } = this.#options;
    const { fifo, concurrency, consumerLeaseSeconds } = schedule;
    const queue = urls.handled.slice(urls.handled.lastIndexOf('/') + 1);
    const settings = consumerSettings(
      {
        consumer: {
          concurrency,
          maxReceiveCount: 900,
          visibilityTimeoutSeconds: consumerLeaseSeconds,
          handlerTimeoutMs: 60_000,
          backoff: { initialSeconds: 1, maxSeconds: 10 },
          ...(!fifo && {
            ordering: 'sequential',
            startAt: 1,
            gapTimeoutMs: 12 * 3_600_000,
            onGapTimeout: 'dead-letter',
            onInvalidSequence: 'proceed',
          }),
        },
      },
      queue,
    );
    const rules = { ...settings, leaseMs: consumerLeaseSeconds * 1000, rememberForMs: DAY_MS };
    const handler = (data: object, context: SqsContext): Promise<void> => this.#handle(data, context);
    return new QueueConsumer({
      queue: { name: queue, url: urls.handled, deadLetterQueueUrl: urls.letters, fifo },
      settings,
      inbox: new Inbox({
        queue,
        store: this.#inbox.store,
        health: this.#inbox.healthOf(queue, settings.ordering !== 'none'),
        rules,
      }),
      inboxIsShared: true,
      slots: new Slots(Infinity),
      wire,
      tags: wire,
      handlers: new HandlerRegistry(TYPES.map(pattern => ({ pattern, queue, subscribed: false, handler }))),
      decode: ({ Body }) => {
        const { data, ...metadata } = JSON.parse(Body ?? '') as EventMetadata & { data: unknown };
        return { metadata, data };
      },
      hooks: (_, work) => work(),
      logger: SILENT,
      watch: this.watch as unknown as ClockWatch,
      onFault: () => undefined,
      onRecovery: () => undefined,
      onDeadLettersRefused: () => undefined,
    });
  }

  /** Effect, event and mark are of one transaction. */
  async #handle(data: object, context: SqsContext): Promise<void> {
    const { id, subject, type, sequence } = context.getMetadata();
    const { outcome, ms, marksFirst } = this.#stepOf(id, this.#options.noteStart(id));
    const event = {
      id,
      type,
      data,
      ...(subject !== undefined && { subject }),
      ...(sequence !== undefined && { sequence }),
    };
    await this.#within(async tx => {
      if (marksFirst) await context.markDoneIn(tx);
      await tx.query(INSERT_EFFECT, [JSON.stringify(event satisfies Body)]);
      const record = new SnsRecordBuilder({}).setId(`after ${id}`);
      if (subject !== undefined) {
        this.#place(record, subject);
        record.setSequence('next');
      }
      await this.#after.writer.write(tx, 'after', record.build());
      if (ms > 0) await pause(ms);
      await this.#options.untilAwake();
      // A handler that makes nothing of what the inbox says: its transaction cannot commit all the same.
      if (!marksFirst)
        await context
          .markDoneIn(tx)
          .catch((error: unknown) => rethrowUnless(outcome === 'swallow' && 'CLAIM_LOST', error));
      if (outcome === 'kill-before') await this.#die();
      if (outcome === 'throw-before') throw new Error('injected before the commit');
    });
    if (outcome === 'kill-after') await this.#die();
    if (outcome === 'throw-after') throw new Error('injected after the commit');
  }

  #die(): Promise<never> {
    if (this.isAlive) this.#options.kill();
    return forever();
  }

  #stepOf(id: string, start: number): HandlerStep {
    const { schedule, isCalm } = this.#options;
    if (isCalm()) return SUCCESS;
    const number = Buffer.from(id).reduce((sum, byte) => sum + byte, 0);
    const steps = schedule.handlers[number % schedule.handlers.length] ?? [];
    return steps[Math.min(start, steps.length) - 1] ?? SUCCESS;
  }
}

/** @param code false: none is swallowed */
function rethrowUnless(code: string | false, error: unknown): void {
  if ((error as { code?: string }).code !== code) throw error;
}
