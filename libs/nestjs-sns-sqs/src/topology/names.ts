import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { FullName, ShortName } from '../interfaces/names.interface.js';

const FIFO = '.fifo';
/** SQS: 80 characters with `.fifo` counted (quotas-queues). SNS: 256 (CreateTopic API). */
const SQS_NAME = /^[A-Za-z0-9_-]{1,80}$/;
const SQS_FIFO_NAME = /^[A-Za-z0-9_-]{1,75}\.fifo$/;
const SNS_NAME = /^[A-Za-z0-9_-]{1,256}$/;

const dashed = (text: string): string => text.replaceAll('.', '-');

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
  if (SNS_NAME.test(name)) return undefined;
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
