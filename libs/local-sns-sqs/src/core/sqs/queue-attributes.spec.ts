import { Broker } from '../broker.js';
import type { Input } from '../input.js';
import type { Call, Output } from '../operation.js';
import { VirtualClock } from '../virtual-clock.js';
import { SQS_OPERATIONS } from './operations.js';

const CALL: Call = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };

function rig(QueueName = 'q', attributes: Input = {}) {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const broker = new Broker({ clock, seed: 1, region: 'us-east-1', accountId: '000000000000' });
  const run = (operation: string, input: Input = {}): Output => {
    broker.deadlines.runDue();
    const QueueUrl = `http://local/000000000000/${QueueName}`;
    return SQS_OPERATIONS.get(operation)?.(broker, { QueueUrl, ...input }, CALL) as Output;
  };
  run('CreateQueue', { QueueName, Attributes: attributes });
  const get = (...AttributeNames: string[]): Output => run('GetQueueAttributes', { AttributeNames });
  const set = (Attributes: Input): Output => run('SetQueueAttributes', { Attributes });
  return { clock, broker, run, get, set };
}

const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('GetQueueAttributes (GetQueueAttributes API)', () => {
  it('tells what is asked for', () => {
    const { get } = rig();
    expect(get('QueueArn', 'VisibilityTimeout')).toEqual({
      Attributes: { QueueArn: 'arn:aws:sqs:us-east-1:000000000000:q', VisibilityTimeout: '30' },
    });
    expect(get()).toEqual({});
    expect(get('RedrivePolicy')).toEqual({});
    expect(() => get('Nonsense')).toThrow(refusal('InvalidAttributeName'));
  });

  it('counts messages by state', () => {
    const { run, get } = rig();
    for (const DelaySeconds of [0, 0, 60]) run('SendMessage', { MessageBody: 'a', DelaySeconds });
    run('ReceiveMessage');
    expect(get('All').Attributes).toMatchObject({
      ApproximateNumberOfMessages: '1',
      ApproximateNumberOfMessagesNotVisible: '1',
      ApproximateNumberOfMessagesDelayed: '1',
    });
  });
});

describe('SetQueueAttributes (SetQueueAttributes API)', () => {
  it('changes what is named and leaves the rest, and tells when', () => {
    const { clock, get, set } = rig('q', { DelaySeconds: '5' });
    clock.advance(90_000);
    set({ VisibilityTimeout: '60' });
    const created = Date.UTC(2026, 0, 1) / 1000;
    expect(get('All').Attributes).toMatchObject({
      VisibilityTimeout: '60',
      DelaySeconds: '5',
      CreatedTimestamp: String(created),
      LastModifiedTimestamp: String(created + 90),
    });
  });

  it('wants attributes', () => {
    const { run } = rig();
    for (const input of [{}, { Attributes: {} }]) {
      expect(() => run('SetQueueAttributes', input)).toThrow(refusal('MissingParameter'));
    }
  });

  it('encrypts in one way at a time: a key turns SSE-SQS off, both together are refused', () => {
    const { get, set } = rig();
    expect(() => set({ KmsMasterKeyId: 'alias/k', SqsManagedSseEnabled: 'true' })).toThrow(
      refusal('InvalidAttributeName'),
    );
    set({ KmsMasterKeyId: 'alias/k' });
    expect(get('SqsManagedSseEnabled')).toEqual({ Attributes: { SqsManagedSseEnabled: 'false' } });
    expect(() => set({ SqsManagedSseEnabled: 'true' })).toThrow(refusal('InvalidAttributeName'));
    set({ KmsMasterKeyId: '', SqsManagedSseEnabled: 'true' });
    expect(get('All').Attributes).not.toHaveProperty('KmsMasterKeyId');
    expect(() => rig('r', { KmsMasterKeyId: 'alias/k', SqsManagedSseEnabled: 'true' })).toThrow(
      refusal('InvalidAttributeName'),
    );
  });

  it('changes nothing when one of them is refused', () => {
    const { get, set } = rig();
    expect(() => set({ VisibilityTimeout: '60', DelaySeconds: '901' })).toThrow(refusal('InvalidAttributeValue'));
    expect(get('VisibilityTimeout')).toEqual({ Attributes: { VisibilityTimeout: '30' } });
  });

  it('leaves messages in flight their timeout, and gives the next receive the new one', () => {
    const { clock, run, set } = rig();
    const receive = (): number => ((run('ReceiveMessage').Messages ?? []) as unknown[]).length;
    run('SendMessage', { MessageBody: 'a' });
    receive();
    set({ VisibilityTimeout: '100' });
    clock.advance(30_000);
    expect(receive()).toBe(1);
    clock.advance(99_999);
    expect(receive()).toBe(0);
    clock.advance(1);
    expect(receive()).toBe(1);
  });

  it('sets a dead letter queue, and takes it away when it is empty', () => {
    const { broker, run, get, set } = rig();
    run('CreateQueue', { QueueName: 'dlq' });
    const policy = (maxReceiveCount: number): string =>
      JSON.stringify({ deadLetterTargetArn: broker.queueArn('dlq'), maxReceiveCount });
    set({ RedrivePolicy: policy(3) });
    set({ RedrivePolicy: policy(4) });
    expect(get('RedrivePolicy')).toEqual({ Attributes: { RedrivePolicy: policy(4) } });
    set({ RedrivePolicy: '' });
    expect(get('RedrivePolicy')).toEqual({});
    expect(broker.queues.get('q')?.redrive).toBeUndefined();
  });

  it('does not make a FIFO queue of a standard one, nor the other way round', () => {
    expect(() => rig().set({ FifoQueue: 'true' })).toThrow(refusal('InvalidAttributeName'));
    const fifo = rig('q.fifo', { FifoQueue: 'true' });
    expect(() => fifo.set({ FifoQueue: 'false' })).toThrow(refusal('InvalidAttributeValue'));
    expect(() => fifo.set({ FifoQueue: 'true' })).not.toThrow();
  });

  it('checks high throughput as a whole, with what stands already', () => {
    const { set } = rig('q.fifo', { FifoQueue: 'true' });
    expect(() => set({ FifoThroughputLimit: 'perMessageGroupId' })).toThrow(refusal('InvalidAttributeValue'));
    set({ DeduplicationScope: 'messageGroup' });
    expect(() => set({ FifoThroughputLimit: 'perMessageGroupId' })).not.toThrow();
    expect(() => set({ DeduplicationScope: 'queue' })).toThrow(refusal('InvalidAttributeValue'));
  });
});

describe('tags (sqs-queue-tags)', () => {
  it('are added, replaced, listed and removed, up to fifty', () => {
    const { run } = rig();
    run('TagQueue', { Tags: { a: '1', b: '2' } });
    run('TagQueue', { Tags: { b: '3' } });
    expect(run('ListQueueTags')).toEqual({ Tags: { a: '1', b: '3' } });
    run('UntagQueue', { TagKeys: ['a', 'b', 'never there'] });
    expect(run('ListQueueTags')).toEqual({});
    const many = (count: number): Input => Object.fromEntries(Array.from({ length: count }, (_, n) => [`t${n}`, 'x']));
    expect(() => run('TagQueue', { Tags: many(51) })).toThrow(refusal('InvalidParameterValue'));
    expect(() => run('TagQueue', { Tags: many(50) })).not.toThrow();
    expect(() => run('TagQueue', {})).toThrow(refusal('MissingParameter'));
    expect(() => run('UntagQueue', {})).toThrow(refusal('MissingParameter'));
  });

  it.each([
    { '': 'x' },
    { 'aws:x': 'x' },
    { ['k'.repeat(129)]: 'x' },
    { k: 'v'.repeat(257) },
    { 'k?': 'x' },
    { k: 'a\u0001' },
  ])('refuse %j', tags => {
    const { run } = rig();
    expect(() => run('TagQueue', { Tags: tags })).toThrow(refusal('InvalidParameterValue'));
    expect(() => run('CreateQueue', { QueueName: 'r', tags })).toThrow(refusal('InvalidParameterValue'));
    expect(() => run('GetQueueUrl', { QueueName: 'r' })).toThrow(refusal('QueueDoesNotExist'));
  });

  it('take any letters and _ . : / = + - @, and empty values', () => {
    const { run } = rig();
    const Tags = { 'größe/x': 'a b_.:/=+-@', empty: '' };
    run('TagQueue', { Tags });
    expect(run('ListQueueTags')).toEqual({ Tags });
  });
});
