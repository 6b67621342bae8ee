import { canonicalSequence } from '../inbox/sequence-guard.js';
import type { Letter } from './letter.js';

/** What the order of a redrive is decided by: little, since there may be 100,000 of them. */
export interface OrderedLetter {
  id: string;
  /** Letters of one lane keep their order. Undefined: the letter has no order. */
  lane: string | undefined;
  /** Within the lane, as texts compare. */
  rank: string;
}

const padded = (number: string | number, width: number): string => String(number).padStart(width, '0');

/** When the event happened, else when SQS accepted the letter, in epoch milliseconds. */
function timeOf({ event, sentAt }: Letter): number {
  const time = Date.parse(event?.metadata.time ?? '');
  return Number.isNaN(time) ? sentAt : time;
}

/** On FIFO a group and SQS's own number; else a subject, its sequence and its time. Pure. */
export function orderOf(letter: Letter, fifo: boolean): OrderedLetter {
  const { id, groupId, sequenceNumber, event } = letter;
  if (fifo) return { id, lane: `group:${groupId ?? ''}`, rank: padded(sequenceNumber ?? 0, 40) };
  const { source, subject, sequence } = event?.metadata ?? {};
  if (subject === undefined || subject === '' || source === undefined) return { id, lane: undefined, rank: '' };
  const position = canonicalSequence(sequence);
  // Letters without a sequence come after those with one.
  const first = position === undefined ? '~' : padded(position, 40);
  return { id, lane: JSON.stringify([source, subject]), rank: `${first} ${padded(timeOf(letter), 16)} ${id}` };
}

/** Which letters may be sent now: the first of each lane, and those without a lane. */
export class RedriveOrder {
  /** Of each lane the last one first, so that the head is taken from the end. */
  private readonly lanes = new Map<string, OrderedLetter[]>();
  private readonly letters = new Map<string, OrderedLetter>();
  private readonly blocked = new Set<string>();

  /** All at once; those of one lane in any order. */
  constructor(letters: Iterable<OrderedLetter> = []) {
    for (const letter of letters) this.place(letter);
    for (const lane of this.lanes.values()) lane.sort((a, b) => (a.rank < b.rank ? 1 : a.rank > b.rank ? -1 : 0));
  }

  /** Letters that are neither done nor blocked. */
  get size(): number {
    return this.letters.size;
  }

  has(id: string): boolean {
    return this.letters.has(id);
  }

  /** One more. It is blocked if its lane is. */
  add(letter: OrderedLetter): void {
    if (this.letters.has(letter.id) || (letter.lane !== undefined && this.blocked.has(letter.lane))) return;
    const lane = this.place(letter);
    if (!lane) return;
    lane.pop();
    const at = lane.findIndex(({ rank }) => rank < letter.rank);
    lane.splice(at < 0 ? lane.length : at, 0, letter);
  }

  /** Whether nothing of its lane stands before it. */
  isNext(id: string): boolean {
    const letter = this.letters.get(id);
    return letter !== undefined && (this.laneOf(letter)?.at(-1)?.id ?? id) === id;
  }

  /** The letter has its successor, or is gone. @returns the next one of its lane, if there is one */
  done(id: string): string | undefined {
    const letter = this.letters.get(id);
    this.letters.delete(id);
    const lane = letter && this.laneOf(letter);
    if (!lane || letter.lane === undefined) return undefined;
    if (lane.at(-1) === letter) lane.pop();
    else lane.splice(lane.indexOf(letter), 1);
    if (lane.length === 0) this.lanes.delete(letter.lane);
    return lane.at(-1)?.id;
  }

  /** The letter stays, and so do those behind it: nothing overtakes. @returns all of them, in order */
  block(id: string): string[] {
    const letter = this.letters.get(id);
    if (!letter) return [];
    const ids = (this.laneOf(letter) ?? [letter]).map(each => each.id).reverse();
    for (const each of ids) this.letters.delete(each);
    if (letter.lane !== undefined) {
      this.lanes.delete(letter.lane);
      this.blocked.add(letter.lane);
    }
    return ids;
  }

  /** Those that stand before letters that are at hand, and are not at hand themselves. */
  missingBefore(atHand: ReadonlyMap<string, unknown>): string[] {
    const missing = new Set<string>();
    for (const id of atHand.keys()) {
      const letter = this.letters.get(id);
      const head = letter && this.laneOf(letter)?.at(-1)?.id;
      if (head !== undefined && !atHand.has(head)) missing.add(head);
    }
    return [...missing];
  }

  private laneOf({ lane }: OrderedLetter): OrderedLetter[] | undefined {
    return lane === undefined ? undefined : this.lanes.get(lane);
  }

  /** At the end of its lane. */
  private place(letter: OrderedLetter): OrderedLetter[] | undefined {
    this.letters.set(letter.id, letter);
    if (letter.lane === undefined) return undefined;
    const lane = this.lanes.get(letter.lane) ?? [];
    lane.push(letter);
    this.lanes.set(letter.lane, lane);
    return lane;
  }
}
