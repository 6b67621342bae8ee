import { ACCOUNT, type BatchOutput, CoreDriver, MINUTE, refusal } from '../../../test/core-driver.js';

const RAW = { RawMessageDelivery: 'true' };
let core: CoreDriver;
let topic: string;

beforeEach(() => {
  core = new CoreDriver();
  topic = core.createTopic('t');
});

/** SNS Developer Guide: subscribe-sqs-queue-to-sns-topic. */
describe("the queue's policy (subscribe-sqs-queue-to-sns-topic)", () => {
  it('lets in the topic that aws:SourceArn names, and no other', () => {
    const queue = core.createQueue('q', core.admitting(topic, 'q'));
    const other = core.createTopic('other');
    for (const arn of [topic, other]) core.subscribe(arn, 'q', RAW);
    core.publish(other, 'from another');
    core.publish(topic, 'from this one');
    expect(core.bodies(queue)).toEqual(['from this one']);
  });

  it('lets nobody in when there is none, and takes effect when it is set', () => {
    const queue = core.createQueue('q');
    core.subscribe(topic, 'q', RAW);
    core.publish(topic, 'before');
    core.setAttributes(queue, core.admitting(topic, 'q'));
    core.publish(topic, 'after');
    expect(core.bodies(queue)).toEqual(['after']);
  });

  it('knows what AWS knows of a delivery: encrypted on its way, from a service, of this account', () => {
    const Statement = [
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: core.queueArn('q'),
        Condition: {
          ArnLike: { 'aws:SourceArn': 'arn:aws:sns:*:*:t' },
          StringEquals: { 'aws:SourceAccount': ACCOUNT },
          Bool: { 'aws:PrincipalIsAWSService': 'true' },
        },
      },
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 'sqs:*',
        Resource: '*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ];
    const queue = core.createQueue('q', { Policy: JSON.stringify({ Statement }) });
    core.subscribe(topic, 'q', RAW);
    core.publish(topic, 'let in');
    expect(core.bodies(queue)).toEqual(['let in']);
  });

  it("does not keep the queue's owner from sending", () => {
    const queue = core.createQueue('q');
    core.send(queue, 'own');
    expect(core.bodies(queue)).toEqual(['own']);
  });
});

/** SNS Developer Guide: sns-dead-letter-queues. */
describe('the dead letter queue of a subscription (sns-dead-letter-queues)', () => {
  const undelivered = (dlq: string) => ({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: core.queueArn(dlq) }),
  });

  it('gets what the queue does not let in, and nothing else', () => {
    const dlq = core.createQueue('dlq', core.admitting(topic, 'dlq'));
    const queue = core.createQueue('q');
    core.subscribe(topic, 'q', { ...RAW, ...undelivered('dlq') });
    core.publish(topic, 'refused');
    core.setAttributes(queue, core.admitting(topic, 'q'));
    core.publish(topic, 'let in');
    expect([core.bodies(queue), core.bodies(dlq)]).toEqual([['let in'], ['refused']]);
  });

  it('gets what is for a queue that is deleted', () => {
    const dlq = core.createQueue('dlq', core.admitting(topic, 'dlq'));
    const queue = core.subscribedQueue(topic, 'q', { ...RAW, ...undelivered('dlq') });
    core.sqs('DeleteQueue', { QueueUrl: queue });
    core.publish(topic, 'lost');
    expect(core.bodies(dlq)).toEqual(['lost']);
  });

  it('must let the topic in as well', () => {
    const dlq = core.createQueue('dlq');
    core.createQueue('q');
    core.subscribe(topic, 'q', { ...RAW, ...undelivered('dlq') });
    core.publish(topic, 'refused twice');
    core.advance(MINUTE);
    expect(core.bodies(dlq)).toEqual([]);
  });

  it('is not for what the filter keeps away (sns-message-filtering)', () => {
    const dlq = core.createQueue('dlq', core.admitting(topic, 'dlq'));
    core.subscribedQueue(topic, 'q', { ...undelivered('dlq'), FilterPolicy: '{"type":["wanted"]}' });
    core.publish(topic, 'unwanted');
    expect(core.bodies(dlq)).toEqual([]);
  });

  it('keeps other subscriptions out of it: each succeeds or fails by itself', () => {
    core.createQueue('closed');
    core.subscribe(topic, 'closed', RAW);
    const open = core.subscribedQueue(topic, 'open', RAW);
    core.publish(topic, 'x');
    expect(core.bodies(open)).toEqual(['x']);
  });
});

/** SNS API: PublishBatch. */
describe('PublishBatch (PublishBatch API)', () => {
  it('tells of each entry that fails, with the name of the error, and delivers the others', () => {
    const queue = core.subscribedQueue(topic, 'q', RAW);
    const PublishBatchRequestEntries = [
      { Id: 'good', Message: 'x' },
      { Id: 'empty', Message: '' },
      { Id: 'long', Message: 'x', Subject: 'x'.repeat(101) },
    ];
    const { Successful, Failed } = core.sns('PublishBatch', {
      TopicArn: topic,
      PublishBatchRequestEntries,
    }) as BatchOutput;
    expect(Successful?.map(({ Id }) => Id)).toEqual(['good']);
    expect(Failed?.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault])).toEqual([
      ['empty', 'InvalidParameter', true],
      ['long', 'InvalidParameter', true],
    ]);
    expect(core.bodies(queue)).toEqual(['x']);
  });
});

describe('Subscribe (Subscribe API)', () => {
  it('refuses other protocols than sqs', () => {
    for (const [Protocol, Endpoint] of [
      ['https', 'https://example.com'],
      ['email', 'a@example.com'],
      ['lambda', 'arn:aws:lambda:us-east-1:000000000000:function:f'],
      ['sms', '+15555550100'],
    ]) {
      const act = (): unknown => core.sns('Subscribe', { TopicArn: topic, Protocol, Endpoint });
      expect(refusal(act)).toMatchObject({
        code: 'InvalidParameter',
        message: expect.stringContaining(`"${Protocol}"`),
      });
    }
  });
});
