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

class Refused extends Error {}

async function post(endpoint: string, headers: Record<string, string>, body: string): Promise<string> {
  const response = await fetch(endpoint, { method: 'POST', headers, body });
  const text = await response.text();
  if (response.ok) return text;
  throw new Refused(`the broker refuses what the init file asks for: ${text}`);
}

/** What is there already, from a file that was kept, stays as it is. */
async function unlessThere<T>(make: () => Promise<T>, instead: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof Refused && /QueueNameExists|already exists with/.test(error.message)) return instead();
    throw error;
  }
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

interface Made {
  url: string;
  arn: string;
  /** ARNs of topics; undefined: the queue has a policy of its own. */
  admits: string[] | undefined;
}

const isFifo = (name: string): boolean => name.endsWith('.fifo');

async function makeQueue(endpoint: string, name: string, given: Attributes): Promise<Made> {
  // Of a queue that another names before it is there.
  const { RedrivePolicy: _, RedriveAllowPolicy: __, ...attributes } = given;
  const Attributes = { ...(isFifo(name) && { FifoQueue: 'true' }), ...attributes };
  const { QueueUrl } = await unlessThere(
    () => sqs(endpoint, 'CreateQueue', { QueueName: name, Attributes }),
    () => sqs(endpoint, 'GetQueueUrl', { QueueName: name }),
  );
  const answer = await sqs(endpoint, 'GetQueueAttributes', { QueueUrl, AttributeNames: ['QueueArn', 'Policy'] });
  const { QueueArn: arn = '', Policy } = answer['Attributes'] as Attributes;
  return { url: String(QueueUrl), arn, admits: Policy === undefined ? [] : undefined };
}

/** A dead letter queue may be named in place of its ARN. */
function withArn(redrivePolicy: string, made: ReadonlyMap<string, Made>): string {
  try {
    const policy: unknown = JSON.parse(redrivePolicy);
    const target = isRecord(policy) ? policy['deadLetterTargetArn'] : undefined;
    const arn = typeof target === 'string' ? made.get(target)?.arn : undefined;
    return arn === undefined ? redrivePolicy : JSON.stringify({ ...(policy as object), deadLetterTargetArn: arn });
  } catch {
    return redrivePolicy;
  }
}

async function redrive(endpoint: string, queues: Init['queues'], made: ReadonlyMap<string, Made>): Promise<void> {
  const set = async (name: string, Attributes: Attributes): Promise<void> => {
    await sqs(endpoint, 'SetQueueAttributes', { QueueUrl: made.get(name)?.url, Attributes });
  };
  for (const { name, attributes } of queues) {
    const { RedriveAllowPolicy } = attributes;
    if (RedriveAllowPolicy !== undefined) await set(name, { RedriveAllowPolicy });
  }
  for (const { name, attributes } of queues) {
    const { RedrivePolicy } = attributes;
    if (RedrivePolicy !== undefined) await set(name, { RedrivePolicy: withArn(RedrivePolicy, made) });
  }
}

async function makeTopic(endpoint: string, name: string, given: Attributes): Promise<string> {
  const type: Attributes = isFifo(name) ? { FifoTopic: 'true' } : {};
  const answer = await unlessThere(
    () => sns(endpoint, 'CreateTopic', { Name: name }, { ...type, ...given }),
    () => sns(endpoint, 'CreateTopic', { Name: name }, type),
  );
  return /<TopicArn>(.*)<\/TopicArn>/.exec(answer)?.[1] ?? '';
}

/** Makes what the file names, in whatever order, through the same door as any client: what AWS would refuse is refused. */
export async function applyInit(endpoint: string, { queues, topics }: Init): Promise<void> {
  const made = new Map<string, Made>();
  for (const { name, attributes } of queues) made.set(name, await makeQueue(endpoint, name, attributes));
  await redrive(endpoint, queues, made);
  for (const { name, attributes, subscriptions } of topics) {
    const TopicArn = await makeTopic(endpoint, name, attributes);
    for (const subscription of subscriptions) {
      const queue = made.get(subscription.queue);
      if (queue === undefined)
        throw new Error(`the init file subscribes ${subscription.queue}, which is not among its queues`);
      queue.admits?.push(TopicArn);
      const input = { TopicArn, Protocol: 'sqs', Endpoint: queue.arn };
      const subscribe = () => sns(endpoint, 'Subscribe', input, subscription.attributes);
      await unlessThere(subscribe, () => sns(endpoint, 'Subscribe', input, {}));
    }
  }
  for (const { url, arn, admits = [] } of made.values()) {
    if (admits.length === 0) continue;
    await sqs(endpoint, 'SetQueueAttributes', { QueueUrl: url, Attributes: { Policy: admitting(arn, admits) } });
  }
}
