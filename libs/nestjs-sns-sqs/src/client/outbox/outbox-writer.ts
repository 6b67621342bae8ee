import { createHash, randomBytes } from 'node:crypto';
import type { OutboxMessage, OutboxStore } from '../../interfaces/outbox-store.interface.js';
import type { SqlExecutor } from '../../interfaces/sql.interface.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { quoted } from '../../logging/printable.js';
import { assertScheduleKey, invalidRecord } from '../../record-builders/record-builder.js';
import type { RelayLink } from '../../outbox/relay.js';
import { assertOpen } from '../../outbox/open-transaction.js';
import { writesOf } from '../../outbox/transaction-writes.js';
import type { OutgoingEvent } from '../publish/outgoing-event.js';
import type { Publisher } from '../publish/publisher.js';
import { entryText } from './entry-text.js';

export interface OutboxWriterOptions {
  store: OutboxStore;
  publisher: Publisher;
  /** As `OutboxMessage` names it. */
  destination: string;
  fifo: boolean;
  link: () => RelayLink | undefined;
}

/** Lanes are keys of a table. */
const MAX_LANE = 200;

/** Stands for the number in an entry until the store knows it. As long as the longest number, and in no data of a user. */
const NUMBER_TO_COME = randomBytes(10).toString('hex');

/** A lane's name as the store can keep it. */
const laneName = (text: string): string =>
  text.length > MAX_LANE || text.includes('\0') ? createHash('sha256').update(text).digest('hex') : text;

/** Writes a client's messages into its outbox, in a transaction of the user's. */
export class OutboxWriter {
  constructor(private readonly options: OutboxWriterOptions) {}

  /**
   * Resolves when the row is written. Rejects with what the record or the database is at fault for, when nothing of the
   * transaction is being written any more.
   */
  write(tx: SqlExecutor | undefined, type: string, input: unknown): Promise<void> {
    const writing = this.begin(tx, type, input);
    return tx ? writesOf(tx).hold(writing) : writing;
  }

  /** Removes a scheduled message. False: there is none. */
  async cancel(tx: SqlExecutor | undefined, key: string): Promise<boolean> {
    const { store, destination } = this.options;
    // PostgreSQL would end the whole transaction for a text that it cannot take.
    assertScheduleKey(key);
    if (!tx) return store.cancel(undefined, destination, key);
    assertOpen(tx, 'cancel()');
    const writes = writesOf(tx);
    return writes.hold(writes.inTurn(() => store.cancel(tx, destination, key)));
  }

  private async begin(tx: SqlExecutor | undefined, type: string, input: unknown): Promise<void> {
    const event = this.options.publisher.draft(type, input);
    assertWritable(event, tx);
    // What is emitted together is written in the order of the calls.
    await (tx ? writesOf(tx).inTurn(() => this.put(tx, event)) : this.put(undefined, event));
    this.options.link()?.onWritten();
  }

  private async put(tx: SqlExecutor | undefined, event: OutgoingEvent): Promise<void> {
    const { store } = this.options;
    // Also of an ambient transaction, and of one that has ended since `within()`.
    if (tx) assertOpen(tx, 'emit()');
    const { deliverAt, scheduleKey, nextSequence } = event.options;
    if (deliverAt !== undefined) {
      const schedule = { dueAt: deliverAt, ...(scheduleKey !== undefined && { key: scheduleKey }) };
      return store.schedule(tx, await this.message(event), schedule);
    }
    // `assertWritable` has seen that there is one.
    if (!tx) return;
    if (nextSequence && this.isNumberedByItsLane(event)) {
      event.metadata.sequence = NUMBER_TO_COME;
      return store.addNext?.(tx, await this.message(event), NUMBER_TO_COME);
    }
    const message = nextSequence ? await this.numbered(tx, event) : await this.message(event);
    await store.add(tx, message, nextSequence === true && message.lane === laneName(event.metadata.subject ?? ''));
  }

  /** Then the store numbers and writes in one step. What a serializer makes of the placeholder nobody knows. */
  private isNumberedByItsLane(event: OutgoingEvent): boolean {
    const { store, publisher } = this.options;
    return store.addNext !== undefined && !publisher.isSerializing && this.laneOf(event) === event.metadata.subject;
  }

  private async numbered(tx: SqlExecutor, event: OutgoingEvent): Promise<OutboxMessage> {
    const { store, destination } = this.options;
    const subject = laneName(event.metadata.subject ?? '');
    const sequence = await store.nextSequence(tx, destination, subject);
    event.metadata.sequence = sequence;
    try {
      return await this.message(event);
    } catch (error) {
      // Whoever catches this error and commits has left no gap.
      await store.returnSequence(tx, destination, subject, sequence);
      throw error;
    }
  }

  private async message(event: OutgoingEvent): Promise<OutboxMessage> {
    const { destination, publisher } = this.options;
    const { id, type } = event.metadata;
    const lane = this.laneOf(event);
    const entry = entryText(await publisher.compose(event));
    return { destination, id, type, entry, ...(lane !== undefined && { lane: laneName(lane) }) };
  }

  private laneOf({ metadata: { subject }, options: { groupId }, isAlone }: OutgoingEvent): string | undefined {
    if (isAlone) return undefined;
    return this.options.fifo ? groupId : (subject ?? groupId);
  }
}

function assertWritable({ metadata, options }: OutgoingEvent, tx: SqlExecutor | undefined): void {
  if (tx === undefined && options.nextSequence) {
    throw new SnsSqsError('OUTBOX_REQUIRED', {
      problem: `${quoted(metadata.type)} has setSequence('next') and is emitted outside of a transaction, in which the number would be taken`,
      remedy: 'emit it by `client.within(tx).emit()`, or within an ambient transaction',
      facts: { type: metadata.type },
    });
  }
  // PostgreSQL would end the whole transaction for it.
  if (metadata.id.includes('\0')) {
    throw invalidRecord(`id ${quoted(metadata.id)}: a database takes no U+0000 in a text`, 'leave it out');
  }
  if (options.nextSequence && metadata.subject === undefined) {
    throw invalidRecord("setSequence('next') without a subject", 'name the subject by setSubject()');
  }
  if (options.nextSequence && options.deliverAt) {
    throw invalidRecord(
      "setSequence('next') together with setDeliverAt(): consumers would wait for the number until then",
      'leave out one of the two',
    );
  }
  if (options.scheduleKey !== undefined && options.deliverAt === undefined) {
    throw invalidRecord('setScheduleKey() without setDeliverAt()', 'name the time by setDeliverAt()');
  }
}
