import { Broker } from '../broker.js';
import type { Input } from '../input.js';
import type { Call, Output } from '../operation.js';
import { VirtualClock } from '../virtual-clock.js';
import { SQS_OPERATIONS } from './operations.js';

const CALL: Call = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const QueueUrl = 'http://local/000000000000/q';

function rig(attributes: Record<string, string> = {}) {
  const clock = new VirtualClock();
  const broker = new Broker({ clock, seed: 1, region: 'us-east-1', accountId: '000000000000' });
  const run = (operation: string, input: Input, call: Call = CALL): Output | Promise<Output> => {
    broker.deadlines.runDue();
    try {
      return SQS_OPERATIONS.get(operation)?.(broker, input, call) ?? {};
    } finally {
      broker.settle();
    }
  };
  void run('CreateQueue', { QueueName: 'q', Attributes: attributes });
  const send = (...bodies: string[]): void => {
    for (const MessageBody of bodies) void run('SendMessage', { QueueUrl, MessageBody });
  };
  const poll = (input: Input = {}, call?: Call): Output | Promise<Output> =>
    run('ReceiveMessage', { QueueUrl, ...input }, call);
  const messages = (input: Input = {}): Output[] => (poll(input) as { Messages?: Output[] }).Messages ?? [];
  return { clock, broker, run, send, poll, messages };
}

const bodies = (answer: Output): unknown[] => ((answer.Messages ?? []) as Output[]).map(({ Body }) => Body);

/** A caller who may go away, before or after the answer. */
function caller() {
  const away: Array<() => void> = [];
  const undelivered: Array<() => void> = [];
  const call: Call = {
    ...CALL,
    onGone: fn => void away.push(fn),
    onUndelivered: fn => void undelivered.push(fn),
  };
  const all = (fns: Array<() => void>) => () => {
    for (const fn of fns) fn();
  };
  return { call, goAway: all(away), loseAnswer: all(undelivered) };
}

describe('a short poll (ReceiveMessage API)', () => {
  it('answers at once, with nothing when there is nothing', () => {
    expect(rig().poll()).toEqual({});
  });

  it('gives one message unless more are asked for, ten at most', () => {
    const { send, messages, poll } = rig();
    send(...Array.from({ length: 12 }, (_, index) => `m-${index}`));
    expect(messages()).toHaveLength(1);
    expect(messages({ MaxNumberOfMessages: 10 })).toHaveLength(10);
    expect(() => poll({ MaxNumberOfMessages: 11 })).toThrow(expect.objectContaining({ code: 'InvalidParameterValue' }));
  });

  it.each([
    ['MaxNumberOfMessages', 0],
    ['WaitTimeSeconds', 21],
    ['VisibilityTimeout', 43_201],
    ['VisibilityTimeout', -1],
  ])('refuses %s of %i', (name, value) => {
    expect(() => rig().poll({ [name]: value })).toThrow(expect.objectContaining({ code: 'InvalidParameterValue' }));
  });

  it('hides a message for its visibility timeout, and shows it again to the millisecond', () => {
    const { clock, send, messages } = rig();
    send('a');
    expect(messages()).toHaveLength(1);
    clock.advance(29_999);
    expect(messages()).toHaveLength(0);
    clock.advance(1);
    expect(messages()).toHaveLength(1);
  });

  it("takes the receive's own visibility timeout before the queue's", () => {
    const { clock, send, messages } = rig({ VisibilityTimeout: '5' });
    send('a');
    messages({ VisibilityTimeout: 60 });
    clock.advance(59_999);
    expect(messages()).toHaveLength(0);
    clock.advance(1);
    expect(messages()).toHaveLength(1);
    clock.advance(5_000);
    expect(messages()).toHaveLength(1);
  });

  it('counts receives, and remembers the first', () => {
    const { clock, send, messages } = rig();
    const sentAt = clock.now();
    send('a');
    clock.advance(1_000);
    messages();
    clock.advance(30_000);
    expect(messages({ MessageSystemAttributeNames: ['All'] })[0]?.Attributes).toMatchObject({
      ApproximateReceiveCount: '2',
      ApproximateFirstReceiveTimestamp: String(sentAt + 1_000),
      SentTimestamp: String(sentAt),
    });
  });

  it('shows the attributes that are asked for, by name and prefix', () => {
    const { run, messages } = rig({ VisibilityTimeout: '0' });
    const text = (StringValue: string): Input => ({ DataType: 'String', StringValue });
    const MessageAttributes = { type: text('t'), 'trace.id': text('i'), 'trace.flags': text('f') };
    void run('SendMessage', { QueueUrl, MessageBody: 'a', MessageAttributes });
    const shown = (...names: string[]): string[] =>
      Object.keys(messages({ MessageAttributeNames: names })[0]?.MessageAttributes ?? {}).toSorted();
    expect(shown()).toEqual([]);
    expect(shown('type', 'absent')).toEqual(['type']);
    expect(shown('trace.*')).toEqual(['trace.flags', 'trace.id']);
    expect(shown('All')).toEqual(['trace.flags', 'trace.id', 'type']);
    expect(() => messages({ AttributeNames: ['Nonsense'] })).toThrow(
      expect.objectContaining({ code: 'InvalidParameterValue' }),
    );
  });

  it('gives the message back as if it had not been received when the answer is lost', () => {
    const { send, poll, messages } = rig();
    send('a');
    const { call, loseAnswer } = caller();
    void poll({}, call);
    expect(messages()).toHaveLength(0);
    loseAnswer();
    expect(messages({ AttributeNames: ['ApproximateReceiveCount'] })[0]?.Attributes).toEqual({
      ApproximateReceiveCount: '1',
    });
  });

  it('takes nothing for a caller who is gone', () => {
    const { send, poll, messages } = rig();
    send('a');
    expect(poll({}, { ...CALL, gone: true })).toEqual({});
    expect(messages()).toHaveLength(1);
  });

  it('has 120,000 in flight at most: then a short poll is refused, and a long one waits (quotas-queues)', async () => {
    const { broker, run, clock, send, poll, messages } = rig();
    send(...Array.from({ length: 12 }, (_, index) => `m${index}`));
    const queue = broker.queues.get('q');
    if (queue) queue['stock'].inFlight = 119_998;
    const taken = messages({ MaxNumberOfMessages: 10 });
    expect(taken).toHaveLength(2);
    expect(() => messages()).toThrow(expect.objectContaining({ code: 'OverLimit' }));
    const waiting = poll({ WaitTimeSeconds: 20 });
    void run('DeleteMessage', { QueueUrl, ReceiptHandle: taken[0]?.ReceiptHandle });
    expect(bodies(await waiting)).toEqual(['m2']);
    const inVain = poll({ WaitTimeSeconds: 20 });
    clock.advance(20_000);
    expect(await inVain).toEqual({});
  });

  it("lets a queue's attributes be asked for, and shows none of them (ReceiveMessage API)", () => {
    const { send, messages } = rig();
    send('a');
    expect(messages({ AttributeNames: ['Policy', 'SenderId'] })).toMatchObject([
      { Attributes: { SenderId: expect.any(String) as string } },
    ]);
    expect(() => messages({ AttributeNames: ['Nonsense'] })).toThrow(
      expect.objectContaining({ code: 'InvalidParameterValue' }),
    );
  });
});

describe('a long poll (sqs-short-and-long-polling)', () => {
  it('wakes one waiter for one message, the one who came first', async () => {
    const { clock, send, poll } = rig();
    const [first, second] = [poll({ WaitTimeSeconds: 20 }), poll({ WaitTimeSeconds: 20 })];
    send('a');
    expect(bodies(await first)).toEqual(['a']);
    clock.advance(20_000);
    expect(await second).toEqual({});
  });

  it('ends empty when its time is over, and swallows nothing afterwards', async () => {
    const { clock, send, poll, messages } = rig();
    const waiting = poll({ WaitTimeSeconds: 5 });
    clock.advance(5_000);
    expect(await waiting).toEqual({});
    send('a');
    expect(messages()).toHaveLength(1);
  });

  it("waits as long as the queue says when the caller doesn't", async () => {
    const { send, poll } = rig({ ReceiveMessageWaitTimeSeconds: '10' });
    const waiting = poll();
    send('a');
    expect(bodies(await waiting)).toEqual(['a']);
  });

  it('gets a delayed message when its delay is over', async () => {
    const { clock, run, poll } = rig();
    const waiting = poll({ WaitTimeSeconds: 20 });
    void run('SendMessage', { QueueUrl, MessageBody: 'late', DelaySeconds: 7 });
    clock.advance(7_000);
    expect(bodies(await waiting)).toEqual(['late']);
  });

  it('gets a message whose visibility timeout ends', async () => {
    const { clock, send, poll, messages } = rig();
    send('a');
    messages({ VisibilityTimeout: 3 });
    const waiting = poll({ WaitTimeSeconds: 20 });
    clock.advance(3_000);
    expect(bodies(await waiting)).toEqual(['a']);
  });

  it('takes nothing for a caller who went away', async () => {
    const { send, poll, messages } = rig();
    const { call, goAway } = caller();
    const waiting = poll({ WaitTimeSeconds: 20 }, call);
    goAway();
    send('a');
    expect(await waiting).toEqual({});
    expect(messages()).toHaveLength(1);
  });

  it('ends empty when its queue is deleted', async () => {
    const { run, poll } = rig();
    const waiting = poll({ WaitTimeSeconds: 20 });
    void run('DeleteQueue', { QueueUrl });
    expect(await waiting).toEqual({});
  });
});
