import type { Message, MessageEvent } from '#broker/core/message.js';
import type { Queue } from '#broker/core/queue/queue.js';
import { nameOf, type Fate } from './fate.ts';
import type { Fates } from './fates.ts';
import type { Letters } from './letters.ts';
import type { Schedule } from './schedule.ts';
import type { Place } from './simulated-publisher.ts';
import { numberIn, type Stage } from './stage.ts';

export interface LedgerFacts {
  schedule: Schedule;
  stage: Stage;
  fates: Fates;
  letters: Letters;
  places: readonly Place[];
  /** Receives of a message that SQS counted and nobody got. */
  unheard: (fate: Fate) => number;
  now: () => number;
}

/** Follows each message through the broker's queues, and blames one that leaves them without an end. */
export class MessageLedger {
  readonly #facts: LedgerFacts;
  #unaccounted: Fate | undefined;

  constructor(facts: LedgerFacts) {
    this.#facts = facts;
  }

  /** What happens to a message, in the moment in which it does: at no time may it be nowhere. */
  note(queue: Queue, { content, receiveCount }: Message, what: MessageEvent): void {
    if (what !== 'dead-lettered') this.checkAccounted();
    // SQS's own move to the dead letter queue is a removal first.
    else this.#unaccounted = undefined;
    const number = numberIn(content.body);
    const home = this.#facts.stage.queues.find(name => name === queue.name);
    if (home === undefined) {
      const of = this.#facts.stage.queues.find(name => this.#facts.stage.letterQueue(name) === queue.name) ?? '';
      const fate = this.#facts.fates.get(of, number);
      if (what !== 'sent' && what !== 'dead-lettered') return;
      fate.letterAt = Math.min(fate.letterAt, this.#facts.now());
      this.#facts.letters.check(fate, content, this.#facts.unheard(fate));
      return;
    }
    if (what === 'sent') return this.#arrived(home, number, content.id);
    const fate = this.#facts.fates.get(home, number);
    if (what === 'received') fate.receives = Math.max(fate.receives, receiveCount);
    if (what !== 'removed' || this.#facts.fates.hasEnd(fate) || this.#isThere(fate)) return;
    if (this.#facts.now() - fate.sentAt < this.#facts.schedule.retentionSeconds * 1000) this.#unaccounted = fate;
    else this.#expired(fate);
  }

  /** Its queue does not keep it any longer. Nothing else can be done where the dead letter queue never takes it. */
  #expired(fate: Fate): void {
    fate.hasExpired = true;
    if (!fate.isRefused) this.#facts.fates.blame(`${nameOf(fate)} has expired in its queue, and nobody has said so`);
  }

  #isThere({ queue, number }: Fate): boolean {
    return [queue, this.#facts.stage.letterQueue(queue)].some(name => this.#facts.stage.has(name, number));
  }

  /** Blames a deletion that nothing has accounted for. */
  checkAccounted(): void {
    if (!this.#unaccounted) return;
    this.#facts.fates.blame(`${nameOf(this.#unaccounted)} was deleted without having come to an end`);
    this.#unaccounted = undefined;
  }

  #arrived(queue: string, number: number, id: string): void {
    const message = this.#facts.schedule.messages[number];
    const place = this.#facts.places[number];
    if (!message || !place) return;
    const known = this.#facts.fates.find(queue, number);
    if (known) return void known.ids.add(id);
    const later = this.#facts.fates.all.some(({ group, number: other }) => group === message.group && other > number);
    if (this.#facts.schedule.fifo && later)
      this.#facts.fates.blame(`message ${number} was published after one that followed it`);
    const { sequence } = place;
    this.#facts.fates.add({
      ...message,
      queue,
      number,
      sequence,
      ids: new Set([id]),
      sentAt: this.#facts.now(),
      receives: 0,
      claimedAt: Infinity,
      runs: [],
      storeFailedAt: -1,
      storeFailures: 0,
      isRefused: false,
      hasExpired: false,
      letterAt: Infinity,
      sleptInWork: false,
    });
  }
}
