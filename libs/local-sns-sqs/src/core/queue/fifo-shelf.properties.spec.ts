import * as fc from 'fast-check';
import { Message, type MessageState } from '../message.js';
import { FifoShelf } from './fifo-shelf.js';

const GROUPS = ['a', 'b', 'c'];

/** The rule itself, by a search over all messages: what the shelf must do without one. */
class Model {
  readonly messages: Array<{ order: number; group: string; state: MessageState }> = [];

  /** Whether a message may be received: every earlier one of its group was taken by this very receive, or is gone. */
  mayLeave(order: number, taken: readonly number[]): boolean {
    const message = this.messages.find(each => each.order === order);
    return (
      message?.state === 'ready' &&
      this.messages.every(each => each.group !== message.group || each.order >= order || taken.includes(each.order))
    );
  }

  /** All that one receive without a bound may carry. */
  available(): number[] {
    const available: number[] = [];
    for (const { order } of this.messages) if (this.mayLeave(order, available)) available.push(order);
    return available;
  }
}

/** A shelf and its model, under the same steps. */
class Pair {
  private readonly model = new Model();
  private readonly shelf = new FifoShelf();
  private readonly messages = new Map<number, Message>();
  private sent = 0;

  add(group: number, state: MessageState): void {
    const order = ++this.sent;
    const groupId = GROUPS[group] ?? '';
    const content = { id: '', body: '', bodyMd5: '', senderId: '', delayMs: 0, groupId };
    const message = new Message(content, { becomeReady: () => undefined }, order, 0, 0);
    message.state = state;
    this.messages.set(order, message);
    this.model.messages.push({ order, group: groupId, state });
    this.shelf.add(message);
    this.compare();
  }

  /** Each that is taken may leave at its turn, and the receive ends early only where nothing more may. */
  take(max: number): void {
    const available = this.model.available();
    const taken = this.shelf.take(max, () => true).map(({ order }) => order);
    expect(taken).toHaveLength(Math.min(max, available.length));
    taken.forEach((order, index) => expect(this.model.mayLeave(order, taken.slice(0, index))).toBe(true));
    for (const each of this.model.messages) if (taken.includes(each.order)) each.state = 'inFlight';
    this.compare();
  }

  release(which: number): void {
    const away = this.model.messages.filter(({ state }) => state !== 'ready');
    const each = away[which % Math.max(1, away.length)];
    if (!each) return;
    each.state = 'ready';
    this.shelf.release(this.message(each.order));
    this.compare();
  }

  remove(which: number): void {
    const index = which % Math.max(1, this.model.messages.length);
    const [each] = this.model.messages.splice(index, 1);
    if (!each) return;
    this.shelf.remove(this.message(each.order));
    this.compare();
  }

  private compare(): void {
    const available = this.model.available();
    const { first } = this.shelf;
    expect(this.shelf.hasReady).toBe(available.length > 0);
    expect(first === undefined || this.model.mayLeave(first.order, [])).toBe(true);
    expect(first === undefined).toBe(available.length === 0);
  }

  private message(order: number): Message {
    const message = this.messages.get(order);
    if (!message) throw new Error(`no message ${order}`);
    return message;
  }
}

const step = fc.oneof(
  fc.record({ add: fc.nat(2), state: fc.constantFrom<MessageState>('ready', 'ready', 'ready', 'delayed') }),
  fc.record({ take: fc.integer({ min: 1, max: 10 }) }),
  fc.record({ release: fc.nat(30) }),
  fc.record({ remove: fc.nat(30) }),
);

describe('FifoShelf', () => {
  it('gives what a search by the rule finds, whatever was done before', () => {
    const holds = (): void =>
      fc.assert(
        fc.property(fc.array(step, { maxLength: 100 }), steps => {
          const pair = new Pair();
          for (const each of steps) {
            if ('add' in each) pair.add(each.add, each.state);
            else if ('take' in each) pair.take(each.take);
            else if ('release' in each) pair.release(each.release);
            else pair.remove(each.remove);
          }
        }),
        { numRuns: 400, seed: 20_260_102 },
      );
    expect(holds).not.toThrow();
  });
});
