import { EventEmitter } from 'node:events';
import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { ClientProxy, type MsPattern, type ReadPacket } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { guardedStatus } from '../events/guarded-status.js';
import { OneLineLogger } from '../logging/one-line-logger.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { PacketMetadata } from '../interfaces/envelope.interface.js';
import type { SqlExecutor } from '../interfaces/sql.interface.js';
import { assertOpen } from '../outbox/open-transaction.js';
import { HOLD, heldIn, refused, writesOf } from '../outbox/transaction-writes.js';
import { isRecord, PublishRecord } from '../record-builders/record.js';
import type { ClientOutbox } from './outbox/client-outbox.js';
import { EmitResults } from './emit-results.js';
import { asksForOutbox } from './publish/outbox-record.js';
import type { Publisher } from './publish/publisher.js';

export const isNil = (value: unknown): value is null | undefined => value === undefined || value === null;

/** Nest 12.0.4 and newer. */
type PacketHook = { onDispatchHook?: (packet: ReadPacket) => void };
type WithMetadata = { metadata?: PacketMetadata | null };

/** Emits within a transaction: the result of `client.within(tx)`. */
export interface OutboxEmitter {
  /**
   * Checks the event and writes it into the outbox, within the transaction; the relay publishes it after the commit.
   * The observable gives one value and completes when the row is written. The observable errors with an SnsSqsError for a wrong
   * record, and with the database's own error otherwise: roll the transaction back then.
   */
  emit<TResult = unknown, TInput = unknown>(pattern: unknown, data: TInput): Observable<TResult>;

  /** Removes the scheduled message of a key, within the transaction. False: there is none, or its time has come. */
  cancel(key: string): Promise<boolean>;
}

/**
 * The common part of ClientSNS and ClientSQS: Nest's ClientProxy on a {@link Publisher}. `status` goes `idle →
 * connected → closed`; connected: the client has found its topic or queue. Type parameters of ClientProxy would keep
 * `ClientsModule` from taking the class as its `customClass`.
 */
export abstract class SnsSqsClient
  extends ClientProxy
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  protected readonly logger = new OneLineLogger(this.constructor.name);
  protected abstract readonly publisher: Publisher;
  protected abstract readonly outbox: ClientOutbox | undefined;
  /** A subclass or a library that watches clients may put another one in its place, which is called then. */
  private static readonly ownDispatch: unknown = Reflect.get(SnsSqsClient.prototype, 'dispatchEvent');
  private readonly emitter = new EventEmitter();
  private readonly results = new EmitResults(this.logger, this.emitter);
  private closing: Promise<void> | undefined;

  constructor() {
    super();
    this._status$.next('idle');
  }

  /** Finds or makes the topic or queue; `emit()` does this automatically. A failure is not remembered. */
  async connect(): Promise<void> {
    this.outbox?.start();
    await this.publisher.connect();
  }

  /**
   * Publishes at once, subscribed to or not. The observable gives one value and completes when AWS has accepted this
   * very event, and errors with an SnsSqsError when it has not; late subscribers get the same. An error that nobody
   * has subscribed to by then is logged. Within an ambient transaction of the client's outbox, and for a record with
   * `setDeliverAt()`, the event is written into the outbox instead, as {@link within} does it.
   */
  override emit<TResult = unknown, TInput = unknown>(pattern: unknown, data: TInput): Observable<TResult> {
    // Nest refuses them with an error of its own.
    if (isNil(pattern) || isNil(data)) return heldIn(this, super.emit<TResult, TInput>(pattern, data));
    const packet = { pattern, data };
    const isPublished = !this.outbox && this.dispatchEvent === SnsSqsClient.ownDispatch;
    return isPublished ? this.publishNow(packet) : this.results.of(this.dispatchEvent<TResult>(packet));
  }

  /**
   * Emits by the client's outbox: the event becomes a row of the user's own transaction, and is published after its
   * commit, never without it. Options of the record count as ever; `setSequence('next')` is possible here only.
   * @param tx the result of `fromPg(tx)`, `fromDrizzle(tx)` and the like
   * @throws {SnsSqsError} OUTBOX_REQUIRED: the client has no outbox; NO_TRANSACTION: `tx` is no open transaction
   * @example
   * ```typescript
   * await database.transaction(async tx => {
   *   await tx.insert(users).values(user);
   *   await lastValueFrom(events.within(fromDrizzle(tx)).emit('user.registered', user));
   * });
   * ```
   */
  within(tx: SqlExecutor): OutboxEmitter {
    const { writer } = this.ownOutbox();
    assertOpen(tx, 'within()');
    const hold = <T>(work: Promise<T>): Promise<T> => writesOf(tx).hold(work);
    const emitter: OutboxEmitter & { [HOLD]: typeof hold } = {
      emit: <TResult, TInput>(pattern: unknown, data: TInput): Observable<TResult> => {
        if (isNil(pattern) || isNil(data)) return heldIn(emitter, super.emit<TResult, TInput>(pattern, data));
        return this.results.of(this.writeEvent<TResult>(tx, { pattern, data }));
      },
      cancel: key => writer.cancel(tx, key),
      [HOLD]: hold,
    };
    return emitter;
  }

  /** @internal */
  [HOLD]<T>(work: Promise<T>): Promise<T> {
    const tx = this.outbox?.transaction();
    return tx ? writesOf(tx).hold(work) : work;
  }

  /**
   * Removes the message that was emitted with `setDeliverAt()` and this `setScheduleKey()`. False: there is none, or its
   * time has come.
   * @throws {SnsSqsError} OUTBOX_REQUIRED: the client has no outbox
   */
  async cancel(key: string): Promise<boolean> {
    const outbox = this.ownOutbox();
    return outbox.writer.cancel(outbox.transaction(), key);
  }

  private publishNow<T>(packet: ReadPacket): Observable<T> {
    try {
      const { publisher } = this;
      const started = publisher.start(this.typeOf(packet.pattern as MsPattern), this.inputOf(packet));
      return this.results.ofStarted(publisher, started);
    } catch (error) {
      return this.results.of(Promise.reject<T>(error));
    }
  }

  /** `idle`, `connected`, `closed`. The current one comes first; a subscriber that throws is logged. */
  override get status(): Observable<string> {
    return guardedStatus(super.status, this.logger);
  }

  /** `error` tells each event that AWS did not accept. */
  override on(event: 'error', callback: (error: unknown) => void): this {
    this.emitter.on(event, callback);
    return this;
  }

  /**
   * Takes nothing more, and resolves when everything emitted before has its result, after `shutdownTimeoutMs` at the
   * latest. Idempotent.
   */
  close(): Promise<void> {
    this.closing ??= Promise.all([this.outbox?.close(), this.publisher.close(), this.endRequests()]).then(() => {
      this.destroy();
      this._status$.next('closed');
    });
    return this.closing;
  }

  /** Nest's hook. What an earlier process has left in the outbox is published from now on. */
  onApplicationBootstrap(): void {
    this.outbox?.start();
  }

  /**
   * Nest's hook. What the app still serves may publish, and does not wait longer than `shutdownTimeoutMs` from now:
   * Nest closes no client before the last HTTP request has its answer.
   */
  beforeApplicationShutdown(): void {
    this.publisher.limit();
  }

  /** Nest's hook. After the servers have drained: handlers that still run then may publish. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  abstract override unwrap<T>(): T;

  /** Ends what waits for a reply. Never rejects. */
  protected endRequests(): Promise<void> {
    return Promise.resolve();
  }

  /** `connected` as soon as `found`, the topic's ARN or the queue's URL, is there. */
  protected async whenFound(found: Promise<string>): Promise<string> {
    const target = await found;
    if (!this.closing) this._status$.next('connected');
    return target;
  }

  /** Frees what the client made itself. */
  protected abstract destroy(): void;

  protected override dispatchEvent<T>(packet: ReadPacket): Promise<T> {
    let tx: SqlExecutor | undefined;
    try {
      const { outbox } = this;
      tx = outbox?.transaction();
      const type = this.typeOf(packet.pattern as MsPattern);
      const input = this.inputOf(packet);
      const sent =
        outbox && (tx || asksForOutbox(input))
          ? outbox.writer.write(tx, type, input)
          : this.publisher.publish(type, input);
      return sent as Promise<T>;
    } catch (error) {
      // Nest's dispatch hook is the user's.
      return refused(tx, error);
    }
  }

  private writeEvent<T>(tx: SqlExecutor, packet: ReadPacket): Promise<T> {
    try {
      const type = this.typeOf(packet.pattern as MsPattern);
      return this.ownOutbox().writer.write(tx, type, this.inputOf(packet)) as Promise<T>;
    } catch (error) {
      return refused(tx, error);
    }
  }

  private ownOutbox(): ClientOutbox {
    if (this.outbox) return this.outbox;
    throw new SnsSqsError('OUTBOX_REQUIRED', {
      problem: `This ${this.constructor.name} has no outbox`,
      remedy: 'give it the option `outbox`, e.g. `new PostgresOutbox({ pool })`',
    });
  }

  /** What is to be published of a packet. Nest's dispatch hook sees it first, and may attach metadata. */
  protected inputOf(packet: ReadPacket): unknown {
    (this as unknown as PacketHook).onDispatchHook?.(packet);
    const packetMetadata = (packet as WithMetadata).metadata ?? undefined;
    const input: unknown = packet.data;
    if (packetMetadata === undefined) return input;
    const { data, options } = isRecord(input) ? input : { data: input, options: {} };
    return new PublishRecord(data, { ...options, packetMetadata });
  }

  protected typeOf(pattern: MsPattern | undefined): string {
    return pattern === undefined || pattern === null ? '' : this.normalizePattern(pattern);
  }
}
