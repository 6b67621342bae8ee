import { createHash, randomBytes } from 'node:crypto';
import type { OutboxMessage, OutboxStore } from '../../interfaces/outbox-store.interface.js';
import type { SqlExecutor } from '../../interfaces/sql.interface.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { silenced } from '../../events/user-code.js';
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

const subjectOf = ({ metadata: { subject = '' } }: OutgoingEvent): string => laneName(subject);

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
    const written = this.written(event);
    // What is emitted together is written in the order of the calls.
    await (tx ? writesOf(tx).inTurn(() => this.put(tx, event, written)) : this.put(undefined, event, written));
    this.options.link()?.onWritten();
  }

  /**
   * The message, composed at once: the caller may go on changing the data. Undefined: the user's serializer has to know
   * the number first, and what it makes of a placeholder nobody knows.
   */
  private written(event: OutgoingEvent): Promise<OutboxMessage> | undefined {
    if (event.options.nextSequence) {
      if (this.options.publisher.isSerializing) return undefined;
      event.metadata.sequence = NUMBER_TO_COME;
    }
    return silenced(this.message(event));
  }

  private async put(
    tx: SqlExecutor | undefined,
    event: OutgoingEvent,
    written: Promise<OutboxMessage> | undefined,
  ): Promise<void> {
    const { store } = this.options;
    // Also of an ambient transaction, and of one that has ended since `within()`.
    if (tx) assertOpen(tx, 'emit()');
    const { deliverAt, scheduleKey } = event.options;
    if (deliverAt !== undefined && written) {
      const schedule = { dueAt: deliverAt, ...(scheduleKey !== undefined && { key: scheduleKey }) };
      return store.schedule(tx, await written, schedule);
    }
    // `assertWritable` has seen that there is one.
    if (!tx) return;
    if (!event.options.nextSequence && written) return store.add(tx, await written, false);
    if (written && store.addNext && this.laneOf(event) === event.metadata.subject) {
      // Then the store numbers and writes in one step.
      return store.addNext(tx, await written, NUMBER_TO_COME);
    }
    const message = written ? await this.numbered(tx, event, await written) : await this.numberedFirst(tx, event);
    await store.add(tx, message, message.lane === subjectOf(event));
  }

  private async numbered(tx: SqlExecutor, event: OutgoingEvent, message: OutboxMessage): Promise<OutboxMessage> {
    const { store, destination } = this.options;
    const sequence = await store.nextSequence(tx, destination, subjectOf(event));
    return { ...message, entry: message.entry.replaceAll(NUMBER_TO_COME, sequence) };
  }

  private async numberedFirst(tx: SqlExecutor, event: OutgoingEvent): Promise<OutboxMessage> {
    const { store, destination } = this.options;
    const subject = subjectOf(event);
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
