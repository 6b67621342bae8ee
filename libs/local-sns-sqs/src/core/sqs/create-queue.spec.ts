import { Broker } from '../broker.js';
import type { Input } from '../input.js';
import type { Call, Output } from '../operation.js';
import { VirtualClock } from '../virtual-clock.js';
import { SQS_OPERATIONS } from './operations.js';

const CALL: Call = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };

function rig() {
  const clock = new VirtualClock();
  const broker = new Broker({ clock, seed: 1, region: 'us-east-1', accountId: '000000000000' });
  const run = (operation: string, input: Input): Output =>
    SQS_OPERATIONS.get(operation)?.(broker, input, CALL) as Output;
  const create = (QueueName: string, Attributes: Input = {}): Output => run('CreateQueue', { QueueName, Attributes });
  const remove = (name: string): Output => run('DeleteQueue', { QueueUrl: `http://local/000000000000/${name}` });
  const redriveTo = (name: string, maxReceiveCount = 3): Input => ({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: broker.queueArn(name), maxReceiveCount }),
  });
  return { clock, broker, run, create, remove, redriveTo };
}

const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('CreateQueue (CreateQueue API)', () => {
  it('answers with a URL on the host that was called', () => {
    expect(rig().create('q')).toEqual({ QueueUrl: 'http://local/000000000000/q' });
  });

  it.each(['q', 'A-b_9', 'x'.repeat(80)])('takes the name %s', name => {
    expect(() => rig().create(name)).not.toThrow();
  });

  it.each(['a.b', 'a b', 'ü', 'x'.repeat(81), 'q.fifo'])('refuses the name %s', name => {
    expect(() => rig().create(name)).toThrow(refusal('InvalidParameterValue'));
  });

  it('wants FIFO queues, and only them, to end with .fifo, within 80 characters', () => {
    const fifo = { FifoQueue: 'true' };
    expect(() => rig().create(`${'x'.repeat(75)}.fifo`, fifo)).not.toThrow();
    expect(() => rig().create(`${'x'.repeat(76)}.fifo`, fifo)).toThrow(refusal('InvalidParameterValue'));
    expect(() => rig().create('q', fifo)).toThrow(refusal('InvalidParameterValue'));
    expect(() => rig().create('q', { FifoQueue: 'false' })).toThrow(refusal('InvalidAttributeName'));
  });

  it('is idempotent with the same attributes, or with fewer', () => {
    const { broker, create } = rig();
    const attributes = { VisibilityTimeout: '60', DelaySeconds: '5' };
    const first = create('q', attributes);
    expect(create('q', attributes)).toEqual(first);
    expect(create('q', { DelaySeconds: '5' })).toEqual(first);
    expect(create('q')).toEqual(first);
    expect(broker.queues.size).toBe(1);
  });

  it.each([{ VisibilityTimeout: '61' }, { KmsMasterKeyId: 'alias/aws/sqs' }])('refuses another value: %j', change => {
    const { create } = rig();
    create('q', { VisibilityTimeout: '60' });
    expect(() => create('q', change)).toThrow(refusal('QueueNameExists'));
  });

  it('refuses an attribute that it does not know', () => {
    expect(() => rig().create('q', { Nonsense: '1' })).toThrow(refusal('InvalidAttributeName'));
  });

  it('blocks the name of a deleted queue for 60 seconds', () => {
    const { clock, create, remove } = rig();
    create('q');
    remove('q');
    clock.advance(59_999);
    expect(() => create('q')).toThrow(refusal('QueueDeletedRecently'));
    clock.advance(1);
    expect(() => create('q')).not.toThrow();
  });

  it('keeps tags', () => {
    const { run } = rig();
    run('CreateQueue', { QueueName: 'q', tags: { team: 'a' } });
    expect(run('ListQueueTags', { QueueUrl: 'http://local/000000000000/q' })).toEqual({ Tags: { team: 'a' } });
  });
});

describe('the dead letter queue of a new queue (sqs-dead-letter-queues)', () => {
  it('must exist', () => {
    const { create, redriveTo } = rig();
    expect(() => create('q', redriveTo('dlq'))).toThrow(refusal('InvalidParameterValue'));
    create('dlq');
    expect(() => create('q', redriveTo('dlq'))).not.toThrow();
  });

  it('must be FIFO for a FIFO queue, and standard for a standard one', () => {
    const { create, redriveTo } = rig();
    create('dlq');
    create('dlq.fifo', { FifoQueue: 'true' });
    expect(() => create('q', redriveTo('dlq.fifo'))).toThrow(refusal('InvalidParameterValue'));
    expect(() => create('q.fifo', { FifoQueue: 'true', ...redriveTo('dlq') })).toThrow(
      refusal('InvalidParameterValue'),
    );
    expect(() => create('q.fifo', { FifoQueue: 'true', ...redriveTo('dlq.fifo') })).not.toThrow();
  });

  it.each([
    [{ redrivePermission: 'allowAll' }, true],
    [{ redrivePermission: 'denyAll' }, false],
    [{ redrivePermission: 'byQueue', sourceQueueArns: ['arn:aws:sqs:us-east-1:000000000000:q'] }, true],
    [{ redrivePermission: 'byQueue', sourceQueueArns: ['arn:aws:sqs:us-east-1:000000000000:other'] }, false],
  ])('must allow its source: %j', (allow, accepted) => {
    const { create, redriveTo } = rig();
    create('dlq', { RedriveAllowPolicy: JSON.stringify(allow) });
    const refused = (): boolean => {
      try {
        create('q', redriveTo('dlq'));
        return false;
      } catch {
        return true;
      }
    };
    expect(refused()).toBe(!accepted);
  });

  it('may be another on the next call, but only by SetQueueAttributes', () => {
    const { create, redriveTo } = rig();
    create('dlq');
    create('q', redriveTo('dlq', 3));
    expect(() => create('q', redriveTo('dlq', 4))).toThrow(refusal('QueueNameExists'));
  });
});
