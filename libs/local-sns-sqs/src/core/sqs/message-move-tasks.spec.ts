import { Broker } from '../broker.js';
import type { Input } from '../input.js';
import type { Call, Output } from '../operation.js';
import { VirtualClock } from '../virtual-clock.js';
import { SQS_OPERATIONS } from './operations.js';

const CALL: Call = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const arn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;

/** A queue `q` that dead-letters to `dlq` after one receive, and `failed` messages that have gone that way. */
function rig(failed = 0) {
  const clock = new VirtualClock();
  const broker = new Broker({ clock, seed: 1, region: 'us-east-1', accountId: '000000000000' });
  const run = (operation: string, input: Input): Output => {
    broker.deadlines.runDue();
    return SQS_OPERATIONS.get(operation)?.(broker, input, CALL) as Output;
  };
  const QueueUrl = 'http://local/000000000000/q';
  run('CreateQueue', { QueueName: 'dlq' });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn('dlq'), maxReceiveCount: 1 });
  run('CreateQueue', { QueueName: 'q', Attributes: { RedrivePolicy } });
  for (let index = 0; index < failed; index += 1) run('SendMessage', { QueueUrl, MessageBody: `m-${index}` });
  const receive = (name = 'q'): Output[] => {
    const url = `http://local/000000000000/${name}`;
    const answer = run('ReceiveMessage', { QueueUrl: url, MaxNumberOfMessages: 10, VisibilityTimeout: 1 });
    return (answer.Messages ?? []) as Output[];
  };
  while (receive().length > 0);
  clock.advance(1_000);
  while (receive().length > 0);
  const size = (name: string): number => broker.queues.get(name)?.messages.size ?? -1;
  const start = (input: Input = {}): string =>
    run('StartMessageMoveTask', { SourceArn: arn('dlq'), ...input }).TaskHandle as string;
  const tasks = (MaxResults = 10): Output[] =>
    run('ListMessageMoveTasks', { SourceArn: arn('dlq'), MaxResults }).Results as Output[];
  return { clock, run, receive, size, start, tasks };
}

const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('a move task (StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask API)', () => {
  it('moves dead letters back to where they came from, as new messages', () => {
    const { clock, receive, size, start, tasks } = rig(3);
    expect([size('q'), size('dlq')]).toEqual([0, 3]);
    start();
    clock.advance(100);
    expect([size('q'), size('dlq')]).toEqual([3, 0]);
    expect(tasks()).toMatchObject([
      { Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 3, ApproximateNumberOfMessagesToMove: 3 },
    ]);
    const back = receive().map(({ Body }) => Body as string);
    expect(back.toSorted()).toEqual(['m-0', 'm-1', 'm-2']);
  });

  it('moves them to another queue when told so', () => {
    const { clock, run, size, start } = rig(2);
    run('CreateQueue', { QueueName: 'elsewhere' });
    start({ DestinationArn: arn('elsewhere') });
    clock.advance(100);
    expect([size('elsewhere'), size('dlq'), size('q')]).toEqual([2, 0, 0]);
  });

  it('keeps to its rate', () => {
    const { clock, size, start } = rig(30);
    start({ MaxNumberOfMessagesPerSecond: 10 });
    clock.advance(900);
    expect(size('q')).toBe(10);
    clock.advance(1_000);
    expect(size('q')).toBe(20);
  });

  it('stops when cancelled, and leaves moved what is moved', () => {
    const { clock, run, size, start, tasks } = rig(30);
    const TaskHandle = start({ MaxNumberOfMessagesPerSecond: 10 });
    clock.advance(400);
    expect(run('CancelMessageMoveTask', { TaskHandle })).toEqual({ ApproximateNumberOfMessagesMoved: 5 });
    clock.advance(60_000);
    expect([size('q'), size('dlq')]).toEqual([5, 25]);
    expect(tasks()[0]).toMatchObject({ Status: 'CANCELLED' });
    expect(() => run('CancelMessageMoveTask', { TaskHandle })).toThrow(refusal('ResourceNotFoundException'));
  });

  it('is the only one of its queue, until it has ended', () => {
    const { clock, start, tasks } = rig(30);
    start({ MaxNumberOfMessagesPerSecond: 10 });
    expect(() => start()).toThrow(refusal('InvalidParameterValue'));
    clock.advance(10_000);
    expect(() => start()).not.toThrow();
    expect(tasks()).toHaveLength(2);
    expect(tasks(1)).toEqual([tasks()[0]]);
  });

  it('fails on a message that no queue has failed', () => {
    const { clock, run, start, tasks } = rig();
    run('SendMessage', { QueueUrl: 'http://local/000000000000/dlq', MessageBody: 'sent by hand' });
    start();
    clock.advance(100);
    expect(tasks()).toMatchObject([{ Status: 'FAILED', FailureReason: 'CouldNotDetermineMessageSource' }]);
  });

  it('fails when its destination or its source is deleted meanwhile, and loses nothing', () => {
    const { clock, run, size, start, tasks } = rig(30);
    run('CreateQueue', { QueueName: 'elsewhere' });
    start({ DestinationArn: arn('elsewhere'), MaxNumberOfMessagesPerSecond: 10 });
    clock.advance(200);
    run('DeleteQueue', { QueueUrl: 'http://local/000000000000/elsewhere' });
    clock.advance(1_000);
    const FailureReason = 'AWS.SimpleQueueService.NonExistentQueue';
    expect(tasks()).toMatchObject([{ Status: 'FAILED', FailureReason, ApproximateNumberOfMessagesMoved: 3 }]);
    expect(size('dlq')).toBe(27);
    start({ MaxNumberOfMessagesPerSecond: 10 });
    run('DeleteQueue', { QueueUrl: 'http://local/000000000000/q' });
    clock.advance(1_000);
    expect(tasks(1)).toMatchObject([{ Status: 'FAILED', FailureReason }]);
  });

  it.each([
    ['a queue that is no dead letter queue', { SourceArn: arn('q') }, 'InvalidParameterValue'],
    ['a queue that is not there', { SourceArn: arn('none') }, 'ResourceNotFoundException'],
    ['a destination that is not there', { DestinationArn: arn('none') }, 'ResourceNotFoundException'],
    ['its source as the destination', { DestinationArn: arn('dlq') }, 'InvalidParameterValue'],
    ['what is no ARN', { SourceArn: 'dlq' }, 'InvalidParameterValue'],
    ['a rate above 500', { MaxNumberOfMessagesPerSecond: 501 }, 'InvalidParameterValue'],
  ])('refuses %s', (_, input, code) => {
    expect(() => rig().start(input)).toThrow(refusal(code));
  });

  it('is not cancelled by a handle that is none', () => {
    const { run } = rig();
    const handle = (taskId: string, sourceArn: string): Input => ({
      TaskHandle: Buffer.from(JSON.stringify({ taskId, sourceArn })).toString('base64'),
    });
    expect(() => run('CancelMessageMoveTask', { TaskHandle: 'nonsense' })).toThrow(refusal('InvalidParameterValue'));
    for (const input of [handle('none', arn('dlq')), handle('none', arn('none'))]) {
      expect(() => run('CancelMessageMoveTask', input)).toThrow(refusal('ResourceNotFoundException'));
    }
  });
});
