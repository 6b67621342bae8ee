import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { FullName, QueueUrl, ShortName, TopicArn } from '../interfaces/names.interface.js';

const FIFO = '.fifo';
/** SQS: 80 characters with `.fifo` counted (quotas-queues). SNS: 256 (CreateTopic API). */
const SQS_NAME = /^[A-Za-z0-9_-]{1,80}$/;
const SQS_FIFO_NAME = /^[A-Za-z0-9_-]{1,75}\.fifo$/;
/** A topic of another account, or one whose name is no convention's. */
const TOPIC_ARN = /^arn:[a-z0-9-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$/;
const SNS_NAME = /^[A-Za-z0-9_-]{1,256}$/;

const dashed = (text: string): string => text.replaceAll('.', '-');

/**
 * `https://sqs…/123456789012/q` → `q`. Not by `URL`: the host that LocalStack gives where its own is an address is none
 * (`sqs.us-east-1.127.0.0.1`).
 */
export const nameOfUrl = (url: QueueUrl): FullName => url.slice(url.lastIndexOf('/') + 1);

export const isFifoName = (name: string): boolean => name.endsWith(FIFO);

/** `users` → `users-domain-events` */
export const domainEventsTopic = (service: string): ShortName => `${service}-domain-events`;

/** `users` → `users-async-commands.fifo` */
export const commandQueue = (service: string): ShortName => `${service}-async-commands${FIFO}`;

/** `send-email`, `user.registered` → `send-email-on-user-registered` */
export const consumerQueue = (useCase: string, event: string): ShortName => `${useCase}-on-${dashed(event)}`;

/** `a` → `a-dlq`, `a.fifo` → `a-dlq.fifo` */
export const deadLetterQueue = (queue: FullName): FullName =>
  isFifoName(queue) ? `${queue.slice(0, -FIFO.length)}-dlq${FIFO}` : `${queue}-dlq`;

export const withPrefix = (prefix: string, name: ShortName): FullName => `${prefix}${name}`;

export const isArn = (name: string): boolean => name.startsWith('arn:');

/** The ARN by which a handler named its topic; undefined where the handler gave a name. */
export function arnGivenFor(topic: FullName): TopicArn | undefined {
  const text: string = topic;
  return isArn(text) ? text : undefined;
}

/** A topic as a handler names it: an ARN has no prefix, since another team has named it. */
export const topicOf = (prefix: string, topic: ShortName): FullName =>
  isArn(topic) ? (topic as string) : withPrefix(prefix, topic);

/** Whether this is the ARN of a topic that is named by its name, or by its ARN. */
export const isArnOfTopic = (arn: string, topic: FullName): boolean => arn === topic || arn.endsWith(`:${topic}`);

export const withoutPrefix = (prefix: string, name: FullName): ShortName => name.slice(prefix.length);

/** What AWS would refuse of this queue name, its dead letter queue's included; undefined when nothing. */
export function queueNameProblem(name: FullName): string | undefined {
  for (const each of [name, deadLetterQueue(name)]) {
    if (!(isFifoName(each) ? SQS_FIFO_NAME : SQS_NAME).test(each)) {
      return `queue name ${JSON.stringify(each)} (${each.length} characters): AWS allows 1 to 80 of A-Z a-z 0-9 - _, the end .fifo included`;
    }
  }
  return undefined;
}

/** What AWS would refuse of this topic name; undefined when nothing. */
export function topicNameProblem(name: FullName): string | undefined {
  if (SNS_NAME.test(name) || TOPIC_ARN.test(name)) return undefined;
  if (isArn(name)) return `topic ${JSON.stringify(name)}: expected the ARN of a topic, with region and account`;
  return `topic name ${JSON.stringify(name)} (${name.length} characters): AWS allows 1 to 256 of A-Z a-z 0-9 - _`;
}

/** Throws INVALID_NAME with all problems in one message. */
export function assertNoNameProblems(problems: ReadonlyArray<string | undefined>): void {
  const found = problems.filter(problem => problem !== undefined);
  if (found.length === 0) return;
  throw new SnsSqsError('INVALID_NAME', {
    problem: found.join('; '),
    remedy: 'change the service, use case, event or prefix',
    facts: { problems: found },
  });
}
