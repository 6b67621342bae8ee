import { readFileSync } from 'node:fs';
import { isRecord } from './core/input.js';

type Attributes = Record<string, string>;

/** What is there from the beginning. Attributes are AWS's, as texts or as JSON. */
export interface Init {
  queues: Array<{ name: string; attributes: Attributes }>;
  topics: Array<{
    name: string;
    attributes: Attributes;
    subscriptions: Array<{ queue: string; attributes: Attributes }>;
  }>;
}

/** A RedrivePolicy may stand in the file as an object: SQS wants it as text. */
function attributesOf(value: unknown): Attributes {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, typeof each === 'string' ? each : JSON.stringify(each)]),
  );
}

function listOf(value: unknown, where: string): Array<Record<string, unknown>> {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every(isRecord)) return value;
  throw new Error(`${where} must be a list of objects`);
}

function nameOf(value: unknown, where: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`${where} must be a name`);
}

/** Reads the file; throws an Error that says what is wrong with it. */
export function readInit(path: string): Init {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (!isRecord(parsed)) throw new Error('it must be a JSON object');
    return {
      queues: listOf(parsed['queues'], 'queues').map(({ name, attributes }) => ({
        name: nameOf(name, 'queues[].name'),
        attributes: attributesOf(attributes),
      })),
      topics: listOf(parsed['topics'], 'topics').map(({ name, attributes, subscriptions }) => ({
        name: nameOf(name, 'topics[].name'),
        attributes: attributesOf(attributes),
        subscriptions: listOf(subscriptions, 'topics[].subscriptions').map(subscription => ({
          queue: nameOf(subscription['queue'], 'topics[].subscriptions[].queue'),
          attributes: attributesOf(subscription['attributes']),
        })),
      })),
    };
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function post(endpoint: string, headers: Record<string, string>, body: string): Promise<string> {
  const response = await fetch(endpoint, { method: 'POST', headers, body });
  const text = await response.text();
  if (response.ok) return text;
  throw new Error(`the broker refuses what the init file asks for: ${text}`);
}

const sqs = async (endpoint: string, action: string, input: object): Promise<Record<string, unknown>> => {
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` };
  return JSON.parse(await post(endpoint, headers, JSON.stringify(input))) as Record<string, unknown>;
};

async function sns(
  endpoint: string,
  action: string,
  input: Record<string, string>,
  attributes: Attributes,
): Promise<string> {
  const parameters = new URLSearchParams({ Action: action, ...input });
  Object.entries(attributes).forEach(([key, value], index) => {
    parameters.set(`Attributes.entry.${index + 1}.key`, key);
    parameters.set(`Attributes.entry.${index + 1}.value`, value);
  });
  return post(endpoint, { 'content-type': 'application/x-www-form-urlencoded' }, parameters.toString());
}

/** What AWS's console writes when a queue is subscribed there: without it SNS is not let in. */
const admitting = (queueArn: string, topicArns: string[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: queueArn,
      Condition: { ArnEquals: { 'aws:SourceArn': topicArns } },
    },
  });

/** Makes what the file names, through the same door as any client: what AWS would refuse is refused. */
export async function applyInit(endpoint: string, { queues, topics }: Init): Promise<void> {
  const made = new Map<string, { url: string; arn: string; admits: string[] | undefined }>();
  for (const { name, attributes } of queues) {
    const { QueueUrl } = await sqs(endpoint, 'CreateQueue', { QueueName: name, Attributes: attributes });
    const answer = await sqs(endpoint, 'GetQueueAttributes', { QueueUrl, AttributeNames: ['QueueArn'] });
    const arn = (answer['Attributes'] as Attributes)['QueueArn'] ?? '';
    made.set(name, { url: String(QueueUrl), arn, admits: attributes['Policy'] === undefined ? [] : undefined });
  }
  for (const { name, attributes, subscriptions } of topics) {
    const answer = await sns(endpoint, 'CreateTopic', { Name: name }, attributes);
    const TopicArn = /<TopicArn>(.*)<\/TopicArn>/.exec(answer)?.[1] ?? '';
    for (const subscription of subscriptions) {
      const queue = made.get(subscription.queue);
      if (queue === undefined)
        throw new Error(`the init file subscribes ${subscription.queue}, which is not among its queues`);
      queue.admits?.push(TopicArn);
      await sns(endpoint, 'Subscribe', { TopicArn, Protocol: 'sqs', Endpoint: queue.arn }, subscription.attributes);
    }
  }
  for (const { url, arn, admits = [] } of made.values()) {
    if (admits.length === 0) continue;
    await sqs(endpoint, 'SetQueueAttributes', { QueueUrl: url, Attributes: { Policy: admitting(arn, admits) } });
  }
}
