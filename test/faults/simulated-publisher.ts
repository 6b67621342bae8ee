import { PublishBatcher } from '#lib/client/publish/publish-batcher.js';
import type { FaultyWire } from './faulty-wire.ts';
import type { Schedule, ScheduledMessage } from './schedule.ts';
import type { Stage } from './stage.ts';

/** What a message is called, and where it stands among those of its subject. */
export interface Place {
  id: string;
  source: string;
  sequence: number;
}

interface PublisherParts {
  schedule: Schedule;
  stage: Stage;
  places: readonly Place[];
  random: () => number;
  wire: FaultyWire;
}

/** Publishes the messages of a schedule to all queues, by the library's own batcher. */
export class SimulatedPublisher {
  /** Numbers that SQS has accepted; those that a queue has taken may be more. */
  readonly accepted: number[] = [];
  /** Messages that were given and not heard of. */
  unsent = 0;
  readonly wire: FaultyWire;
  readonly #schedule: Schedule;
  readonly #places: readonly Place[];
  readonly #batcher: PublishBatcher;

  constructor({ schedule, stage, places, random, wire }: PublisherParts) {
    this.#schedule = schedule;
    this.#places = places;
    this.wire = wire;
    this.#batcher = new PublishBatcher({
      send: entries =>
        wire.publish(
          stage.queues.map(queue => stage.url(queue)),
          entries,
        ),
      maxBatchBytes: 1_048_576,
      ordered: schedule.fifo,
      random,
    });
  }

  send(number: number, { group, type, padding }: ScheduledMessage): void {
    const { fifo } = this.#schedule;
    const { id, source, sequence } = this.#places[number] ?? { id: '', source: '', sequence: 0 };
    const place = { subject: `g${group}`, sequence: String(sequence), padding: 'x'.repeat(padding) };
    const body = { specversion: '1.0', id, source, type, ...place };
    const entry = {
      body: JSON.stringify({ ...body, data: number }),
      attributes: {},
      ...(fifo && { groupId: `g${group}`, deduplicationId: `d${number}` }),
    };
    this.unsent += 1;
    const onResult = (failure: unknown): void => {
      this.unsent -= 1;
      if (!failure) this.accepted.push(number);
    };
    this.#batcher.add(entry.groupId, () => Promise.resolve(entry), Infinity, onResult, onResult);
  }

  /** Resolves when each message has been accepted or refused. */
  flush(): Promise<void> {
    return this.#batcher.flush();
  }
}

/** Ids repeat across sources; where there are no gaps a subject's events are numbered from 1, else by their numbers. */
export function placesOf({ messages, gapless }: Schedule): Place[] {
  const bySource = new Map<number, number>();
  const bySubject = new Map<string, number>();
  return messages.map(({ source, group }, number) => {
    const id = (bySource.get(source) ?? 0) + 1;
    bySource.set(source, id);
    const subject = `${source} ${group}`;
    const place = (bySubject.get(subject) ?? 0) + 1;
    bySubject.set(subject, place);
    return { id: `e${id}`, source: `s${source}`, sequence: gapless ? place : number };
  });
}
