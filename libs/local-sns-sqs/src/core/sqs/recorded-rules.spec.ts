import { CoreDriver, DAY, HOUR, MINUTE, refusal, refusalCode, SECOND, TestCall } from '../../../test/core-driver.js';

let core: CoreDriver;

beforeEach(() => {
  core = new CoreDriver();
});

/** "Subsequent messages in the same message group" wait for one in flight: those before it do not. */
describe('the lock of a FIFO group (sqs-visibility-timeout)', () => {
  let queue: string;
  const handles = new Map<string, string>();

  const receive = (more: Record<string, unknown> = {}): string[] =>
    core.receive(queue, more).map(({ Body, ReceiptHandle }) => {
      handles.set(Body, ReceiptHandle);
      return Body;
    });
  const change = (body: string, seconds: number): void =>
    core.changeVisibility(queue, handles.get(body) ?? '', seconds);

  beforeEach(() => {
    queue = core.createQueue('q.fifo');
    handles.clear();
    for (const body of ['1', '2', '3']) core.sendToGroup(queue, 'g', body);
  });

  it('gives back the first of two, and not the second', () => {
    expect(receive({ MaxNumberOfMessages: 2 })).toEqual(['1', '2']);
    change('1', 0);
    expect(receive()).toEqual(['1']);
    expect(receive()).toEqual([]);
  });

  it('of three in flight whose last is prolonged, gives the two that expire', () => {
    receive();
    change('3', 600);
    core.advance(31 * SECOND);
    expect(receive()).toEqual(['1', '2']);
  });

  it('of three in flight whose second is prolonged, gives the first only', () => {
    receive();
    change('2', 600);
    core.advance(31 * SECOND);
    expect(receive()).toEqual(['1']);
    core.delete(queue, handles.get('1') ?? '');
    expect(receive()).toEqual([]);
  });

  it('wakes a long poll for an earlier one, and not for a later one', async () => {
    receive();
    const poll = await core.poll(queue, 20, { MaxNumberOfMessages: 10 });
    change('3', 0);
    await new Promise(resolve => setImmediate(resolve));
    expect(poll.messages).toBeUndefined();
    change('1', 0);
    await new Promise(resolve => setImmediate(resolve));
    expect(poll.messages?.map(({ Body }) => Body)).toEqual(['1']);
  });

  it('wakes a long poll when the answer of another receive is lost', async () => {
    const call = new TestCall();
    core.receive(queue, {}, call);
    const poll = await core.poll(queue, 20, { MaxNumberOfMessages: 10 });
    call.loseAnswer();
    await new Promise(resolve => setImmediate(resolve));
    expect(poll.messages?.map(({ Body }) => Body)).toEqual(['1', '2', '3']);
  });

  it('moves an earlier one out of a dead letter queue while a later one is in flight, and leaves that one', () => {
    core.createQueue('work.fifo', core.redriveTo('q.fifo', 1));
    const other = core.createQueue('other.fifo');
    receive({ MaxNumberOfMessages: 2 });
    change('1', 0);
    core.sqs('StartMessageMoveTask', {
      SourceArn: core.queueArn('q.fifo'),
      DestinationArn: core.queueArn('other.fifo'),
    });
    core.advance(SECOND);
    expect(core.bodies(other)).toEqual(['1']);
    core.delete(queue, handles.get('2') ?? '');
    expect(receive()).toEqual(['3']);
  });
});

describe('a FIFO group whose head is dead-lettered (sqs-dead-letter-queues)', () => {
  it('gives the next in the same receive, and keeps what is behind one in flight', () => {
    const dead = core.createQueue('dead.fifo');
    const queue = core.createQueue('q.fifo', core.redriveTo('dead.fifo', 1));
    for (const body of ['1', '2', '3']) core.sendToGroup(queue, 'g', body);
    const [, second] = core.receive(queue, { MaxNumberOfMessages: 2 });
    core.changeVisibility(queue, second?.ReceiptHandle ?? '', 600);
    core.advance(31 * SECOND);
    expect(core.bodies(queue)).toEqual([]);
    expect(core.bodies(dead)).toEqual(['1']);
    core.delete(queue, second?.ReceiptHandle ?? '');
    expect(core.bodies(queue)).toEqual(['3']);
  });
});

describe('boolean attributes (recorded)', () => {
  it('takes True and False, and shows them in lower case', () => {
    const url = core.createQueue('q.fifo', { FifoQueue: 'True', ContentBasedDeduplication: 'True' });
    expect(core.createQueue('q.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'True' })).toBe(url);
    expect(core.attributesOf(url)).toMatchObject({ FifoQueue: 'true', ContentBasedDeduplication: 'true' });
    core.setAttributes(url, { ContentBasedDeduplication: 'False', SqsManagedSseEnabled: 'False' });
    expect(core.attributesOf(url)).toMatchObject({ ContentBasedDeduplication: 'false', SqsManagedSseEnabled: 'false' });
  });

  it('does so on topics', () => {
    const Attributes = { FifoTopic: 'True', ContentBasedDeduplication: 'True' };
    const create = () => core.sns('CreateTopic', { Name: 't.fifo', Attributes })['TopicArn'];
    const TopicArn = create();
    expect(create()).toBe(TopicArn);
    const shown = () => core.sns('GetTopicAttributes', { TopicArn })['Attributes'];
    expect(shown()).toMatchObject({ FifoTopic: 'true', ContentBasedDeduplication: 'true' });
    const AttributeName = 'ContentBasedDeduplication';
    core.sns('SetTopicAttributes', { TopicArn, AttributeName, AttributeValue: 'False' });
    expect(shown()).toMatchObject({ ContentBasedDeduplication: 'false' });
  });
});

describe('PurgeQueue (recorded)', () => {
  it('forgets the deduplication ids of a FIFO queue', () => {
    const queue = core.createQueue('q.fifo');
    const send = () => core.send(queue, 'x', { MessageGroupId: 'g', MessageDeduplicationId: 'd' }).MessageId;
    const first = send();
    core.sqs('PurgeQueue', { QueueUrl: queue });
    expect(send()).not.toBe(first);
    expect(core.bodies(queue)).toEqual(['x']);
  });
});

describe('RedrivePolicy (recorded)', () => {
  it('gives maxReceiveCount back as a number, created and set', () => {
    core.createQueue('dead');
    const { RedrivePolicy = '' } = core.redriveTo('dead', '3');
    const queue = core.createQueue('q', { RedrivePolicy });
    const shown = () => JSON.parse(core.attributesOf(queue)['RedrivePolicy'] ?? '') as unknown;
    expect(shown()).toEqual({ deadLetterTargetArn: core.queueArn('dead'), maxReceiveCount: 3 });
    expect(core.createQueue('q', { RedrivePolicy })).toBe(queue);
    core.setAttributes(queue, core.redriveTo('dead', '5'));
    expect(shown()).toMatchObject({ maxReceiveCount: 5 });
  });
});

describe('attributes that are shown or not (recorded)', () => {
  it('shows KmsDataKeyReusePeriodSeconds only beside a key', () => {
    const queue = core.createQueue('q', { KmsDataKeyReusePeriodSeconds: '300' });
    expect(core.attributesOf(queue)).not.toHaveProperty('KmsDataKeyReusePeriodSeconds');
    core.setAttributes(queue, { KmsMasterKeyId: 'alias/aws/sqs' });
    expect(core.attributesOf(queue)).toMatchObject({ KmsDataKeyReusePeriodSeconds: '300' });
  });

  it('takes * for all message attributes', () => {
    const queue = core.createQueue('q');
    const MessageAttributes = { a: { DataType: 'String', StringValue: '1' } };
    core.send(queue, 'x', { MessageAttributes });
    expect(core.receive(queue, { MessageAttributeNames: ['*'] })[0]?.MessageAttributes).toEqual(MessageAttributes);
  });
});

describe('AddPermission (AddPermission API: cross-account permissions do not apply)', () => {
  it.each(['DeleteQueue', 'SetQueueAttributes', 'AddPermission', 'TagQueue', 'ListQueues', 'StartMessageMoveTask'])(
    'refuses %s, which is for the owner alone',
    action => {
      const QueueUrl = core.createQueue('q');
      const input = { QueueUrl, Label: 'l', AWSAccountIds: ['111111111111'], Actions: ['SendMessage', action] };
      expect(refusal(() => core.sqs('AddPermission', input))).toMatchObject({
        code: 'InvalidParameterValue',
        message: `Value SQS:${action} for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.`,
      });
    },
  );
});

/** SQS Developer Guide: sqs-overview-of-managing-access; the account is that of the access key. */
describe('a queue policy and its callers (sqs-overview-of-managing-access)', () => {
  const policyOf = (statement: Record<string, unknown>): Record<string, string> => ({
    Policy: JSON.stringify({ Version: '2012-10-17', Statement: [{ Resource: core.queueArn('q'), ...statement }] }),
  });
  const deny = (Principal: unknown, more: Record<string, unknown> = {}): string =>
    core.createQueue('q', policyOf({ Effect: 'Deny', Principal, Action: 'sqs:SendMessage', ...more }));
  const callOf = (account?: string): TestCall => Object.assign(new TestCall(), { account });
  const send = (QueueUrl: string, account?: string) => () =>
    core.sqs('SendMessage', { QueueUrl, MessageBody: 'x' }, callOf(account));
  const OTHER = '111111111111';

  it('keeps everyone out of SendMessage and of its batch, and lets them receive', () => {
    const QueueUrl = deny('*');
    expect(refusal(send(QueueUrl))).toMatchObject({ code: 'AccessDenied', status: 403 });
    const Entries = [{ Id: 'a', MessageBody: 'x' }];
    expect(refusalCode(() => core.sqs('SendMessageBatch', { QueueUrl, Entries }))).toBe('AccessDenied');
    expect(core.receive(QueueUrl)).toEqual([]);
  });

  it('keeps out the account that it names, and no other', () => {
    const QueueUrl = deny({ AWS: OTHER });
    expect(refusalCode(send(QueueUrl, OTHER))).toBe('AccessDenied');
    expect(send(QueueUrl)).not.toThrow();
  });

  it('lets another account in by an Allow only', () => {
    const QueueUrl = core.createQueue('q', policyOf({ Effect: 'Allow', Principal: { AWS: OTHER }, Action: 'SQS:*' }));
    expect(send(QueueUrl, OTHER)).not.toThrow();
    expect(refusalCode(send(QueueUrl, '222222222222'))).toBe('AccessDenied');
    expect(send(QueueUrl)).not.toThrow();
  });

  it('keeps out receivers and deleters likewise', () => {
    const QueueUrl = core.createQueue('q', policyOf({ Effect: 'Deny', Principal: '*', Action: 'sqs:ReceiveMessage' }));
    expect(refusalCode(() => core.receive(QueueUrl))).toBe('AccessDenied');
  });

  it.each([
    ['an unencrypted connection', { Bool: { 'aws:SecureTransport': 'false' } }],
    ['an address', { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }],
    ['a network', { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } }],
    ['a role', { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/app' } }],
  ])('keeps nobody out for %s, which cannot be told here', (_, Condition) => {
    expect(send(deny('*', { Condition }))).not.toThrow();
  });

  it('does not ask for a policy where there is none', () => {
    expect(send(core.createQueue('q'), OTHER)).not.toThrow();
  });
});

/** SQS Developer Guide: sqs-fair-queues and sqs-fair-queues-detailed. */
describe('a fair queue (sqs-fair-queues-detailed)', () => {
  let queue: string;
  const send = (group: string | undefined, count: number): void => {
    for (let index = 0; index < count; index += 1) {
      core.send(queue, group ?? 'none', group === undefined ? {} : { MessageGroupId: group });
    }
  };
  const take = (count: number): string => {
    const bodies: string[] = [];
    while (bodies.length < count) {
      const more = core.bodies(queue, {
        MaxNumberOfMessages: Math.min(10, count - bodies.length),
        VisibilityTimeout: 43_200,
      });
      if (more.length === 0) break;
      bodies.push(...more);
    }
    return bodies.join('');
  };

  beforeEach(() => {
    queue = core.createQueue('q', { MessageRetentionPeriod: String((10 * DAY) / SECOND) });
  });

  it('gives in order of arrival while nobody is noisy', () => {
    send('a', 20);
    send('b', 1);
    expect(take(21)).toBe(`${'a'.repeat(20)}b`);
  });

  it('gives those of the others first once one has 30 in flight and more than a tenth', () => {
    send('a', 100);
    send('b', 2);
    send(undefined, 1);
    expect(take(29)).toBe('a'.repeat(29));
    expect(take(5)).toBe('abbnonea');
  });

  it('gives what the others send later before the backlog of the noisy one, and that one when they are done', () => {
    send('a', 50);
    take(30);
    send('b', 1);
    expect(take(3)).toBe('baa');
  });

  it('holds up nobody who has many in flight but no more than a tenth', () => {
    for (let tenant = 0; tenant < 10; tenant += 1) send(String(tenant), 40);
    take(400);
    send('0', 1);
    send('b', 1);
    expect(take(2)).toBe('0b');
  });

  it('gives that of the noisy one with the fewest in flight first', () => {
    send('a', 40);
    take(40);
    send('b', 35);
    take(35);
    send('a', 2);
    send('b', 2);
    expect(take(4)).toBe('bbaa');
  });

  it('takes one for quiet again when its backlog is gone', () => {
    send('a', 31);
    take(30);
    send('b', 1);
    expect(take(2)).toBe('ba');
  });

  it('takes one for quiet again that has sent nothing for 5 minutes', () => {
    send('a', 60);
    take(30);
    core.advance(5 * MINUTE);
    send('b', 1);
    expect(take(1)).toBe('a');
  });

  it('loses and repeats nothing meanwhile', () => {
    send('a', 60);
    send('b', 5);
    take(30);
    core.advance(12 * HOUR);
    expect(take(100)).toHaveLength(65);
    expect(core.countsOf(queue)).toEqual([0, 65, 0]);
  });
});
