// npm run broker:beside. Asks this broker, and the server at AWS_ENDPOINT_URL beside it (scripts/with-localstack.sh starts
// LocalStack), how they keep rules of AWS that servers are known to break. Prints a table; ends with 1 where this broker
// breaks a rule. What the other one does is only told. Needs `npm run build:broker`.
import { randomBytes } from 'node:crypto';
import { SNS } from '@aws-sdk/client-sns';
import { SQS } from '@aws-sdk/client-sqs';
import { startLocalBroker } from '#broker/index.js';

const ACCESS = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
const REFUSED = 'refused';
const accepted = work =>
  work.then(
    () => 'accepted',
    error => (error.$metadata ? REFUSED : Promise.reject(error)),
  );
const isAt = (values, text) => (values ?? []).some(value => value === text);

/** One server, and what the checks do with it. */
class Server {
  constructor(endpoint) {
    this.endpoint = endpoint;
    this.sqs = new SQS({ ...ACCESS, endpoint, maxAttempts: 1 });
    this.sns = new SNS({ ...ACCESS, endpoint, maxAttempts: 1 });
  }
  async queue(Attributes = {}) {
    const QueueName = `beside-${randomBytes(4).toString('hex')}${Attributes.FifoQueue ? '.fifo' : ''}`;
    return (await this.sqs.createQueue({ QueueName, Attributes })).QueueUrl;
  }
  async attributes(QueueUrl) {
    return (await this.sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['All'] })).Attributes ?? {};
  }
  async receive(QueueUrl, more = {}) {
    const input = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, ...more };
    return (await this.sqs.receiveMessage(input)).Messages ?? [];
  }
  async fifoWith(bodies) {
    const QueueUrl = await this.queue({ FifoQueue: 'true' });
    for (const body of bodies) {
      await this.sqs.sendMessage({
        QueueUrl,
        MessageBody: body,
        MessageGroupId: 'g',
        MessageDeduplicationId: body,
      });
    }
    return QueueUrl;
  }
  hide = (QueueUrl, { ReceiptHandle }, VisibilityTimeout) =>
    this.sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout });
  /** The older Query protocol, as the Java SDK 1 and old boto speak it. */
  async query(parameters) {
    const body = new URLSearchParams({ Version: '2012-11-05', ...parameters });
    const authorization =
      'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0';
    const response = await fetch(this.endpoint, { method: 'POST', body, headers: { authorization } });
    return { status: response.status, text: await response.text() };
  }
  async topic(Attributes) {
    const Name = `beside-${randomBytes(4).toString('hex')}${Attributes?.FifoTopic ? '.fifo' : ''}`;
    return (await this.sns.createTopic({ Name, Attributes })).TopicArn;
  }
  /** A queue that lets the topic in, subscribed to it. */
  async subscribed(TopicArn, Attributes) {
    const url = await this.queue();
    const { QueueArn } = await this.attributes(url);
    const Statement = [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: QueueArn }];
    await this.sqs.setQueueAttributes({ QueueUrl: url, Attributes: { Policy: JSON.stringify({ Statement }) } });
    await this.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: QueueArn, Attributes });
    return { url, arn: QueueArn };
  }
}

const bodiesOf = messages => messages.map(({ Body }) => Body).join(',') || 'nothing';

const CHECKS = [
  {
    rule: 'FIFO: 1 and 2 in flight, 1 made visible: it is delivered, 2 is not',
    aws: '1',
    ask: async on => {
      const url = await on.fifoWith(['1', '2']);
      const [first] = await on.receive(url);
      await on.hide(url, first, 0);
      return bodiesOf(await on.receive(url));
    },
  },
  {
    rule: 'FIFO: 1, 2 and 3 in flight, 2 and 3 made visible: nothing is delivered, since 1 is in flight',
    aws: 'nothing',
    ask: async on => {
      const url = await on.fifoWith(['1', '2', '3']);
      const [, second, third] = await on.receive(url);
      await on.hide(url, second, 0);
      await on.hide(url, third, 0);
      return bodiesOf(await on.receive(url));
    },
  },
  {
    rule: 'FIFO: PurgeQueue forgets deduplication ids',
    aws: '1',
    ask: async on => {
      const url = await on.fifoWith(['1']);
      await on.sqs.purgeQueue({ QueueUrl: url });
      await on.sqs.sendMessage({
        QueueUrl: url,
        MessageBody: '1',
        MessageGroupId: 'g',
        MessageDeduplicationId: '1',
      });
      return bodiesOf(await on.receive(url));
    },
  },
  {
    rule: 'Query: TagQueue as the Java SDK writes it (Tags.1.Key)',
    aws: 'c=d',
    ask: async on => {
      const QueueUrl = await on.queue();
      await on.query({ Action: 'TagQueue', QueueUrl, 'Tags.1.Key': 'c', 'Tags.1.Value': 'd' });
      const { Tags = {} } = await on.sqs.listQueueTags({ QueueUrl });
      return (
        Object.entries(Tags)
          .map(pair => pair.join('='))
          .join(',') || 'no tag'
      );
    },
  },
  {
    rule: 'Query: a list without an index (AttributeName=All)',
    aws: 'all',
    ask: async on => {
      const { text } = await on.query({
        Action: 'GetQueueAttributes',
        QueueUrl: await on.queue(),
        AttributeName: 'All',
      });
      return text.includes('VisibilityTimeout') ? 'all' : 'none';
    },
  },
  {
    rule: 'Query: the name of NonExistentQueue',
    aws: 'for this wsdl version',
    ask: async on => {
      const { text } = await on.query({ Action: 'GetQueueUrl', QueueName: 'beside-none' });
      return /for this wsdl version/.exec(text)?.[0] ?? 'another text';
    },
  },
  {
    rule: '"True" in a boolean attribute is taken and shown in lower case',
    aws: 'true',
    ask: async on => {
      const url = await on.queue({ FifoQueue: 'true', ContentBasedDeduplication: 'True' }).catch(() => undefined);
      return url ? String((await on.attributes(url)).ContentBasedDeduplication) : REFUSED;
    },
  },
  {
    rule: 'RedrivePolicy gives maxReceiveCount back as a number',
    aws: 'number',
    ask: async on => {
      const { QueueArn } = await on.attributes(await on.queue());
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: QueueArn, maxReceiveCount: '3' });
      const found = await on.attributes(await on.queue({ RedrivePolicy }));
      return typeof JSON.parse(found.RedrivePolicy).maxReceiveCount;
    },
  },
  {
    rule: 'KmsDataKeyReusePeriodSeconds shows only with a key',
    aws: 'absent',
    ask: async on => ('KmsDataKeyReusePeriodSeconds' in (await on.attributes(await on.queue())) ? 'shown' : 'absent'),
  },
  {
    rule: 'MessageAttributeNames ["*"] is all',
    aws: 'a',
    ask: async on => {
      const QueueUrl = await on.queue();
      const MessageAttributes = { a: { DataType: 'String', StringValue: 'x' } };
      await on.sqs.sendMessage({ QueueUrl, MessageBody: 'x', MessageAttributes });
      const [message] = await on.receive(QueueUrl, { MessageAttributeNames: ['*'] });
      return Object.keys(message?.MessageAttributes ?? {}).join(',') || 'none';
    },
  },
  {
    rule: "AddPermission refuses an action that is only the owner's",
    aws: REFUSED,
    ask: async on =>
      accepted(
        on.sqs.addPermission({
          QueueUrl: await on.queue(),
          Label: 'x',
          AWSAccountIds: ['111122223333'],
          Actions: ['AddPermission'],
        }),
      ),
  },
  {
    rule: 'A dotted key of a filter on the body matches a nested body',
    aws: 'delivered',
    ask: async on => {
      const topic = await on.topic();
      const FilterPolicy = JSON.stringify({ 'object.nested.test': ['v'] });
      const filter = { FilterPolicy, FilterPolicyScope: 'MessageBody', RawMessageDelivery: 'true' };
      const subscribed = await on.subscribed(topic, filter).catch(() => undefined);
      if (!subscribed) return REFUSED;
      const Message = JSON.stringify({ object: { nested: { test: 'v' } } });
      await on.sns.publish({ TopicArn: topic, Message });
      return isAt(
        (await on.receive(subscribed.url)).map(({ Body }) => Body),
        Message,
      )
        ? 'delivered'
        : 'nothing';
    },
  },
  {
    rule: "A subscription's RedrivePolicy with maxReceiveCount",
    aws: REFUSED,
    ask: async on => {
      const topic = await on.topic();
      const { arn } = await on.subscribed(topic);
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 3 });
      return accepted(on.subscribed(topic, { RedrivePolicy }));
    },
  },
  {
    rule: 'Subscribe with RawMessageDelivery ""',
    aws: REFUSED,
    ask: async on => accepted(on.subscribed(await on.topic(), { RawMessageDelivery: '' })),
  },
  {
    rule: 'PublishBatch with an entry whose String attribute is empty',
    aws: REFUSED,
    ask: async on => {
      const bad = { MessageAttributes: { a: { DataType: 'String', StringValue: '' } } };
      const entries = [
        { Id: '1', Message: 'x' },
        { Id: '2', Message: 'y', ...bad },
      ];
      return accepted(on.sns.publishBatch({ TopicArn: await on.topic(), PublishBatchRequestEntries: entries }));
    },
  },
  {
    rule: 'An SNS attribute with a control character',
    aws: REFUSED,
    ask: async on => {
      const MessageAttributes = { a: { DataType: 'String', StringValue: 'a\u0007' } };
      return accepted(on.sns.publish({ TopicArn: await on.topic(), Message: 'x', MessageAttributes }));
    },
  },
  {
    rule: 'A long poll whose connection was closed takes nothing afterwards',
    aws: 'x',
    ask: async on => {
      const QueueUrl = await on.queue();
      const cut = new AbortController();
      const poll = on.sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 5 }, { abortSignal: cut.signal });
      const ended = poll.catch(() => undefined);
      await new Promise(resolve => setTimeout(resolve, 500));
      cut.abort();
      await ended;
      await on.sqs.sendMessage({ QueueUrl, MessageBody: 'x' });
      return bodiesOf(await on.receive(QueueUrl));
    },
  },
  {
    rule: 'A queue policy that does not name the topic keeps SNS out',
    aws: 'nothing',
    ask: async on => {
      const TopicArn = await on.topic();
      const url = await on.queue();
      const { QueueArn } = await on.attributes(url);
      await on.sns.subscribe({
        TopicArn,
        Protocol: 'sqs',
        Endpoint: QueueArn,
        Attributes: { RawMessageDelivery: 'true' },
      });
      await on.sns.publish({ TopicArn, Message: 'x' });
      return bodiesOf(await on.receive(url));
    },
  },
  {
    rule: 'An archive of a standard topic',
    aws: REFUSED,
    ask: async on => {
      const TopicArn = await on.topic();
      const AttributeValue = JSON.stringify({ MessageRetentionPeriod: '1' });
      return accepted(on.sns.setTopicAttributes({ TopicArn, AttributeName: 'ArchivePolicy', AttributeValue }));
    },
  },
  {
    rule: 'StartMessageMoveTask moves a letter back to where SQS took it from',
    aws: 'x',
    ask: async on => {
      const letters = await on.queue();
      const { QueueArn } = await on.attributes(letters);
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: QueueArn, maxReceiveCount: 1 });
      const url = await on.queue({ RedrivePolicy, VisibilityTimeout: '0' });
      await on.sqs.sendMessage({ QueueUrl: url, MessageBody: 'x' });
      await on.receive(url);
      await on.receive(url);
      await on.sqs.startMessageMoveTask({ SourceArn: QueueArn });
      for (let tried = 0; tried < 5; tried += 1) {
        const messages = await on.receive(url);
        if (messages.length > 0) return bodiesOf(messages);
      }
      return 'nothing';
    },
  },
];

async function answersOf(endpoint) {
  const server = new Server(endpoint);
  const answers = [];
  for (const { ask } of CHECKS) {
    answers.push(await ask(server).catch(error => `fails: ${error.name}`));
  }
  server.sqs.destroy();
  server.sns.destroy();
  return answers;
}

const broker = await startLocalBroker();
const other = process.env.AWS_ENDPOINT_URL;
const ours = await answersOf(broker.endpoint);
await broker.stop();
const theirs = other ? await answersOf(other) : undefined;

const name = process.env.E2E_SERVER === 'localstack' ? 'LocalStack' : 'the other server';
console.log(`| Rule | AWS | this broker |${theirs ? ` ${name} |` : ''}\n|---|---|---|${theirs ? '---|' : ''}`);
CHECKS.forEach(({ rule, aws }, at) =>
  console.log(`| ${[rule, aws, ours[at], ...(theirs ? [theirs[at]] : [])].join(' | ')} |`),
);
const kept = answers => CHECKS.filter(({ aws }, at) => answers[at] === aws).length;
console.log(`\nthis broker keeps ${kept(ours)} of ${CHECKS.length}${theirs ? `, ${name} ${kept(theirs)}` : ''}`);
process.exitCode = kept(ours) === CHECKS.length ? 0 : 1;
