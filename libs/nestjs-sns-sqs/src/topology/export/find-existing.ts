import type { FullName } from '../../interfaces/names.interface.js';
import { call, mapInParallel, topicArnInSameAccount, type ControlPlanes } from '../control-planes.js';
import { recordedSubscriptions } from '../queue-policy.js';
import type { TopologyDocument } from '../topology-document.js';
import { isArn } from '../names.js';
import type { Existing } from './terraform.js';

const nameOf = (arn: string): string => arn.slice(arn.lastIndexOf(':') + 1);

/** What an account has already of a topology, as far as `create` has made it. Changes nothing, and lists nothing. */
export async function findExisting(
  { services, publishers }: TopologyDocument,
  planes: Pick<ControlPlanes, 'sqs' | 'sns' | 'signal' | 'retries'>,
): Promise<Existing> {
  const queues = new Map<FullName, string>();
  const topics = new Map<FullName, string>();
  const subscriptions = new Map<string, string>();
  const withPolicy = new Set<FullName>();
  const all = services.flatMap(service => service.queues);
  const names = all.flatMap(({ name, deadLetterQueue }) => [name, deadLetterQueue]);
  let anyArn: string | undefined;
  await mapInParallel(names, async name => {
    const url = await call(planes, 'GetQueueUrl', name, () => planes.sqs.getQueueUrl(name));
    if (url === undefined) return;
    queues.set(name, url);
    const attributes = await call(planes, 'GetQueueAttributes', name, () => planes.sqs.getQueueAttributes(url));
    anyArn ??= attributes['QueueArn'];
    if (attributes['Policy']) withPolicy.add(name);
    for (const [topicArn, id] of recordedSubscriptions(attributes['Policy'], attributes['QueueArn'])) {
      subscriptions.set(`${name} ${nameOf(topicArn)}`, `${topicArn}:${id}`);
    }
  });
  const arn = anyArn;
  if (arn === undefined) return { queues, topics, subscriptions, withPolicy };
  const wanted = [
    ...publishers.flatMap(({ topic, topicArn }) => (topicArn === undefined ? [topic] : [])),
    ...all.flatMap(each => each.subscriptions.map(({ topic }) => topic)),
  ].filter(topic => !isArn(topic));
  await mapInParallel([...new Set(wanted)], async topic => {
    const topicArn = topicArnInSameAccount(arn, topic);
    const found = await call(planes, 'GetTopicAttributes', topic, () => planes.sns.getTopicAttributes(topicArn));
    if (found) topics.set(topic, topicArn);
  });
  return { queues, topics, subscriptions, withPolicy };
}
