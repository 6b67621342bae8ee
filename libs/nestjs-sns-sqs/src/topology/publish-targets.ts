import { SQS_DEFAULT_RETENTION_SECONDS } from '../constants.js';
import { isQueueNameTaken } from '../errors/aws-errors.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { Attributes, Tags } from '../interfaces/control-plane.interface.js';
import type { Provisioning } from '../interfaces/options.interface.js';
import { call, type ControlPlanes } from './control-planes.js';
import { isFifoName } from './names.js';
import { QUEUE_TAGS } from './queue-tags.js';
import { bareQueueAttributes } from './attribute-rules.js';
import { partitionOf } from './partitions.js';
import type { FullName, QueueUrl, TopicArn } from '../interfaces/names.interface.js';

type Planes<K extends 'sqs' | 'sns'> = Pick<ControlPlanes, K | 'signal'>;

/** Account and region of the credentials in use; the account is not always known to them. */
export interface AccountAndRegion {
  region: string;
  accountId: string | undefined;
}

/** ARN of the topic to publish to. `create` makes it; the other modes derive it, since SNS can only list otherwise. */
export async function topicArnFor(
  name: FullName,
  mode: Provisioning,
  planes: Planes<'sns'>,
  accountAndRegion: () => Promise<AccountAndRegion>,
): Promise<TopicArn> {
  if (mode === 'create') return call(planes, 'CreateTopic', name, () => planes.sns.createTopic(name));
  const { region, accountId } = await accountAndRegion();
  if (accountId === undefined) {
    throw new SnsSqsError('INVALID_OPTIONS', {
      problem: `The ARN of ${name} is not known: the credentials do not name their account, and \`provisioning: '${mode}'\` makes nothing`,
      remedy: 'give `topicArn`, or AWS_ACCOUNT_ID',
      facts: { topic: name },
    });
  }
  const arn: TopicArn = `arn:${partitionOf(region)}:sns:${region}:${accountId}:${name}`;
  if (mode === 'verify') await assertTopicExists(name, arn, planes);
  return arn;
}

async function assertTopicExists(name: FullName, arn: TopicArn, planes: Planes<'sns'>): Promise<void> {
  const found = await call(planes, 'GetTopicAttributes', name, () => planes.sns.getTopicAttributes(arn));
  if (found) return;
  throw new SnsSqsError('TOPIC_NOT_FOUND', {
    problem: `The topic ${arn} is missing`,
    remedy: "create it, or let `provisioning: 'create'` do it",
    facts: { topic: name },
    retryable: true,
  });
}

/**
 * URL of the queue to send to. With `create` a missing one is made, so that nothing is lost that is sent before its
 * consumer has ever started; the consumer adds what it needs (its dead letter queue, its settings).
 * @param service whose queue it is; its tag says so
 * @param onMade called when the queue was missing and is made
 */
export async function queueUrlFor(
  name: FullName,
  mode: Provisioning,
  planes: Planes<'sqs'>,
  service?: string,
  onMade?: () => void,
): Promise<QueueUrl> {
  const url = await call(planes, 'GetQueueUrl', name, () => planes.sqs.getQueueUrl(name));
  if (url !== undefined) return url;
  if (mode === 'create') return makeOrFind(name, planes, service && { [QUEUE_TAGS.service]: service }, onMade);
  throw new SnsSqsError('QUEUE_NOT_FOUND', {
    problem: `The queue ${name} is missing`,
    remedy: "start its consumer first, or let `provisioning: 'create'` make it; check `prefix`, region and account",
    facts: { queue: name },
    retryable: true,
  });
}

/** What is sent before its consumer's first start waits as long as SQS keeps it at most. */
const publishersQueue = (name: FullName): Attributes => ({
  ...bareQueueAttributes(isFifoName(name)),
  MessageRetentionPeriod: String(SQS_DEFAULT_RETENTION_SECONDS),
});

/** Its consumer may have made it in this very moment, with settings that are not a publisher's. */
async function makeOrFind(
  name: FullName,
  planes: Planes<'sqs'>,
  tags: Tags | '' | undefined,
  onMade: (() => void) | undefined,
): Promise<QueueUrl> {
  try {
    const url = await makeQueue(name, planes, tags);
    onMade?.();
    return url;
  } catch (error) {
    if (!isQueueNameTaken(error)) throw error;
    const url = await call(planes, 'GetQueueUrl', name, () => planes.sqs.getQueueUrl(name));
    if (url !== undefined) return url;
    throw new SnsSqsError('AWS_CALL_FAILED', {
      problem: `The queue ${name} has just been created by another process, and SQS cannot find it yet`,
      remedy: 'try it again in a second',
      facts: { queue: name },
      retryable: true,
      cause: error,
    });
  }
}

/** Who may make queues and not tag them makes one without an owner; its consumer claims it. */
async function makeQueue(name: FullName, planes: Planes<'sqs'>, tags: Tags | '' | undefined): Promise<QueueUrl> {
  const make = (given?: Tags): Promise<string> =>
    call(planes, 'CreateQueue', name, () =>
      planes.sqs.createQueue(name, publishersQueue(name), ...(given ? [given] : [])),
    );
  if (!tags) return make();
  try {
    return await make(tags);
  } catch (error) {
    if (!(error instanceof SnsSqsError) || error.code !== 'ACCESS_DENIED') throw error;
    return make();
  }
}
