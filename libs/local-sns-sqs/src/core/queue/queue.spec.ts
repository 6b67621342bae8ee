import { Broker } from '../broker.js';
import { SQS_OPERATIONS } from '../sqs/operations.js';
import { VirtualClock } from '../virtual-clock.js';
import type { Message } from '../message.js';
import type { Queue } from './queue.js';

function rig(fifo = false, attributes: Record<string, string> = {}) {
  const clock = new VirtualClock();
  const broker = new Broker({ clock, seed: 1, region: 'us-east-1', accountId: '000000000000' });
  const call = { origin: '', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
  const create = (base: string, given: Record<string, string>): Queue => {
    const name = fifo ? `${base}.fifo` : base;
    const input = { QueueName: name, Attributes: { ...(fifo && { FifoQueue: 'true' }), ...given } };
    void SQS_OPERATIONS.get('CreateQueue')?.(broker, input, call);
    const queue = broker.queues.get(name);
    if (!queue) throw new Error(`no ${name}`);
    return queue;
  };
  const dlq = create('dlq', {});
  const redrive = JSON.stringify({ deadLetterTargetArn: dlq.arn, maxReceiveCount: 2 });
  const queue = create('q', { RedrivePolicy: redrive, ...attributes });
  const put = (id: string, delayMs = 0): Message => {
    const group = fifo ? { groupId: id[0], deduplicationId: id, sequenceNumber: queue.nextSequenceNumber() } : {};
    return queue.enqueue({ id, body: id, bodyMd5: '', senderId: '', delayMs, ...group });
  };
  const take = (from = queue, max = 10): string[] => from.receive(max, 30_000).map(({ message }) => message.content.id);
  return { clock, broker, queue, dlq, put, take };
}

describe('a queue', () => {
  it('counts its messages by state', () => {
    const { clock, queue, put, take } = rig();
    put('a');
    put('b');
    put('c', 5_000);
    take(queue, 1);
    expect([queue.ready, queue.inFlight, queue.delayed]).toEqual([1, 1, 1]);
    clock.advance(30_000);
    expect([queue.ready, queue.inFlight, queue.delayed]).toEqual([3, 0, 0]);
  });

  it('forgets everything when purged, deadlines included', () => {
    const { clock, queue, put, take } = rig();
    put('a');
    put('b', 5_000);
    take(queue, 1);
    queue.purge();
    expect([queue.ready, queue.inFlight, queue.delayed]).toEqual([0, 0, 0]);
    clock.advance(60_000);
    expect(take()).toEqual([]);
    put('c');
    expect(take()).toEqual(['c']);
  });

  it('takes back what could not be delivered, uncounted, unless it was received again', () => {
    const { clock, queue, put } = rig();
    put('a');
    const first = queue.receive(1, 1_000);
    clock.advance(1_000);
    const second = queue.receive(1, 30_000);
    queue.giveBack(first);
    expect(queue.inFlight).toBe(1);
    queue.giveBack(second);
    expect(queue.ready).toBe(1);
    expect(second[0]?.message.receiveCount).toBe(1);
  });
});

describe('redrive (sqs-dead-letter-queues)', () => {
  it('moves a message to the dead letter queue instead of giving it out once too often', () => {
    const { clock, queue, dlq, put, take } = rig();
    const message = put('a');
    for (let receive = 1; receive <= 2; receive += 1) {
      expect(take()).toEqual(['a']);
      clock.advance(30_000);
    }
    expect(dlq.ready).toBe(0);
    put('b');
    expect(take(queue, 1)).toEqual(['b']);
    expect(take(dlq)).toEqual(['a']);
    expect(message.deadLetterSourceArn).toBe(queue.arn);
  });

  it('takes the next of a FIFO group along with what is moved away', () => {
    const { clock, queue, dlq, put, take } = rig(true);
    put('a1');
    for (let receive = 1; receive <= 2; receive += 1) {
      take(queue, 1);
      clock.advance(30_000);
    }
    put('a2');
    expect(take(queue, 1)).toEqual(['a2']);
    expect(take(dlq)).toEqual(['a1']);
  });

  it('keeps the group and its order in the dead letter queue', () => {
    const { clock, queue, dlq, put, take } = rig(true);
    for (const id of ['a1', 'b1', 'a2']) put(id);
    for (let receive = 1; receive <= 3; receive += 1) {
      take(queue);
      clock.advance(30_000);
    }
    expect(queue.ready).toBe(0);
    const letters = take(dlq);
    expect(letters.filter(id => id.startsWith('a'))).toEqual(['a1', 'a2']);
    expect(letters).toContain('b1');
  });

  it('keeps giving out where the dead letter queue is gone', () => {
    const { clock, broker, dlq, put, take } = rig();
    broker.queues.delete(dlq.name);
    put('a');
    for (let receive = 1; receive <= 4; receive += 1) {
      expect(take()).toEqual(['a']);
      clock.advance(30_000);
    }
  });

  it('keeps the age of a standard message, so that its retention goes on', () => {
    const { clock, dlq, put, take } = rig(false, { MessageRetentionPeriod: '1209600' });
    const days = (count: number): number => count * 24 * 3_600_000;
    put('a');
    take();
    clock.advance(days(3));
    take();
    clock.advance(30_000);
    take();
    expect(dlq.messages.size).toBe(1);
    clock.advance(days(1));
    expect(dlq.messages.size).toBe(0);
  });

  it('starts the age of a FIFO message anew', () => {
    const { clock, dlq, put, take } = rig(true, { MessageRetentionPeriod: '1209600' });
    const days = (count: number): number => count * 24 * 3_600_000;
    put('a');
    take();
    clock.advance(days(3));
    take();
    clock.advance(30_000);
    take();
    clock.advance(days(4) - 1);
    expect(dlq.messages.size).toBe(1);
    clock.advance(1);
    expect(dlq.messages.size).toBe(0);
  });
});

describe('retention (setting-up-dead-letter-queue-retention)', () => {
  it('drops what is too old, in flight or delayed too, and leaves the rest', () => {
    const { clock, queue, put, take } = rig(false, { MessageRetentionPeriod: '60', VisibilityTimeout: '600' });
    put('in flight');
    take();
    put('delayed', 900_000);
    clock.advance(30_000);
    put('young');
    clock.advance(30_000);
    expect([...queue.messages.values()].map(({ content }) => content.id)).toEqual(['young']);
    expect([queue.inFlight, queue.delayed, queue.ready]).toEqual([0, 0, 1]);
  });

  it('frees a FIFO group that was held by what is dropped', () => {
    const { clock, queue, put, take } = rig(true, { MessageRetentionPeriod: '60' });
    put('a1');
    queue.receive(1, 600_000);
    clock.advance(30_000);
    put('a2');
    expect(take()).toEqual([]);
    clock.advance(30_000);
    expect(take()).toEqual(['a2']);
  });

  it('follows a change of its period', () => {
    const { clock, queue, put } = rig();
    put('a');
    clock.advance(120_000);
    queue.attributes.set('MessageRetentionPeriod', '60');
    queue.attributesChanged();
    clock.advance(0);
    expect(queue.messages.size).toBe(0);
  });

  it('drops every message of a large queue', () => {
    const { clock, queue, put } = rig(false, { MessageRetentionPeriod: '60' });
    for (let index = 0; index < 1_500; index += 1) {
      put(`m-${index}`);
      clock.advance(1);
    }
    clock.advance(62_000);
    expect(queue.messages.size).toBe(0);
  });
});
