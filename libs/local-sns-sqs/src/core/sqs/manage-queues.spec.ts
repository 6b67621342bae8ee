import { Broker } from '../broker.js';
import type { Input } from '../input.js';
import type { Call, Output } from '../operation.js';
import { VirtualClock } from '../virtual-clock.js';
import { SQS_OPERATIONS } from './operations.js';

const CALL: Call = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const url = (name: string): string => `http://local/000000000000/${name}`;

function rig(...names: string[]) {
  const clock = new VirtualClock();
  const broker = new Broker({ clock, seed: 1, region: 'us-east-1', accountId: '000000000000' });
  const run = (operation: string, input: Input): Output => {
    broker.deadlines.runDue();
    return SQS_OPERATIONS.get(operation)?.(broker, input, CALL) as Output;
  };
  for (const QueueName of names) run('CreateQueue', { QueueName });
  return { clock, broker, run };
}

const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('GetQueueUrl (GetQueueUrl API)', () => {
  it('finds a queue by its name, and by its owner', () => {
    const { run } = rig('q');
    expect(run('GetQueueUrl', { QueueName: 'q' })).toEqual({ QueueUrl: url('q') });
    expect(run('GetQueueUrl', { QueueName: 'q', QueueOwnerAWSAccountId: '000000000000' })).toEqual({
      QueueUrl: url('q'),
    });
  });

  it.each([{ QueueName: 'other' }, { QueueName: 'q', QueueOwnerAWSAccountId: '111111111111' }])(
    'knows none for %j',
    input => {
      expect(() => rig('q').run('GetQueueUrl', input)).toThrow(refusal('QueueDoesNotExist'));
    },
  );
});

describe('the URL of a queue (sqs-queue-message-identifiers)', () => {
  const purge = (QueueUrl: string) => (): Output => rig('q').run('PurgeQueue', { QueueUrl });

  it.each([url('q'), 'https://sqs.us-east-1.amazonaws.com/000000000000/q', `${url('q')}/`, 'q'])('may be %s', given => {
    expect(purge(given)).not.toThrow();
  });

  it.each([url('other'), 'http://local/111111111111/q'])('may not be %s', given => {
    expect(purge(given)).toThrow(
      expect.objectContaining({
        code: 'QueueDoesNotExist',
        queryCode: 'AWS.SimpleQueueService.NonExistentQueue',
      }),
    );
  });
});

describe('ListQueues (ListQueues API)', () => {
  it('lists by name, all or those with a prefix', () => {
    const { run } = rig('b', 'a', 'prod-a');
    expect(run('ListQueues', {})).toEqual({ QueueUrls: ['a', 'b', 'prod-a'].map(url) });
    expect(run('ListQueues', { QueueNamePrefix: 'prod-' })).toEqual({ QueueUrls: [url('prod-a')] });
    expect(run('ListQueues', { QueueNamePrefix: 'test-' })).toEqual({});
  });

  it('pages when asked to, until the end', () => {
    const { run } = rig('a', 'b', 'c');
    const first = run('ListQueues', { MaxResults: 2 });
    expect(first.QueueUrls).toEqual(['a', 'b'].map(url));
    const second = run('ListQueues', { MaxResults: 2, NextToken: first.NextToken });
    expect(second).toEqual({ QueueUrls: [url('c')] });
  });

  it.each(['not base64!', Buffer.from('a/b').toString('base64')])('refuses the token %j', NextToken => {
    const { run } = rig();
    expect(() => run('ListQueues', { NextToken, MaxResults: 1 })).toThrow(refusal('InvalidParameterValue'));
  });

  it.each([0, 1_001])('refuses pages of %i', MaxResults => {
    expect(() => rig().run('ListQueues', { MaxResults })).toThrow(refusal('InvalidParameterValue'));
  });
});

describe('PurgeQueue (PurgeQueue API)', () => {
  it('empties a queue, once in 60 seconds', () => {
    const { clock, broker, run } = rig('q');
    const send = (): Output => run('SendMessage', { QueueUrl: url('q'), MessageBody: 'a' });
    const purge = (): Output => run('PurgeQueue', { QueueUrl: url('q') });
    send();
    purge();
    expect(broker.queues.get('q')?.messages.size).toBe(0);
    clock.advance(59_999);
    expect(purge).toThrow(expect.objectContaining({ code: 'PurgeQueueInProgress', status: 400, queryStatus: 403 }));
    clock.advance(1);
    expect(purge).not.toThrow();
  });
});

describe('DeleteQueue (DeleteQueue API)', () => {
  it('takes the queue and its messages away', () => {
    const { run } = rig('q');
    run('DeleteQueue', { QueueUrl: url('q') });
    expect(() => run('SendMessage', { QueueUrl: url('q'), MessageBody: 'a' })).toThrow(refusal('QueueDoesNotExist'));
    expect(run('ListQueues', {})).toEqual({});
  });
});
