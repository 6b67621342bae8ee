import type { FullName, QueueArn, TopicArn } from '../interfaces/names.interface.js';
import type { Provisioning } from '../interfaces/options.interface.js';
import { call, topicArnInSameAccount, type ControlPlanes } from './control-planes.js';
import { missing, textOf } from './differences.js';
import type { Finding } from './examine-account.js';
import { partitionOf } from './partitions.js';
import type { AccountAndRegion } from './publish-targets.js';
import type { TopologyDocument } from './topology-document.js';

/** What an app's clients miss. */
export interface ClientFinding {
  /** Whose client it is. */
  service: string;
  finding: Finding;
}

/**
 * Whether the topics exist that an app publishes to, and the queues that it sends to. Those that a client names by ARN or
 * URL are another team's, and are not looked at. Changes nothing, and lists nothing.
 * @param accountAndRegion asked where no queue of the app exists that could tell the account
 */
export async function examineClients(
  { services, publishers, senders }: TopologyDocument,
  planes: ControlPlanes,
  accountAndRegion: () => Promise<AccountAndRegion>,
): Promise<ClientFinding[]> {
  const findings: ClientFinding[] = [];
  const note = (service: string, provisioning: Provisioning, resource: string): void => {
    const kind = provisioning === 'create' ? 'on-use' : 'missing';
    findings.push({ service, finding: { kind, resource, text: textOf(missing(resource)) } });
  };
  const self = services[0]?.service;
  const own = new Set(services.flatMap(({ queues }) => queues.map(({ name }) => name)));
  for (const { service, queue, queueUrl, provisioning } of senders) {
    if (queueUrl !== undefined || own.has(queue)) continue;
    const url = await call(planes, 'GetQueueUrl', queue, () => planes.sqs.getQueueUrl(queue));
    if (url === undefined) note(self ?? service, provisioning, `queue ${queue}`);
  }
  const named = publishers.filter(({ topicArn }) => topicArn === undefined);
  if (named.length === 0) return findings;
  const neighbour = await anyQueueArn([...own, ...senders.map(({ queue }) => queue)], planes);
  for (const { service, topic, provisioning } of named) {
    const topicArn = neighbour ? topicArnInSameAccount(neighbour, topic) : await arnOf(topic, accountAndRegion);
    if (topicArn === undefined) {
      planes.logger.warn(
        `The account is not known, so the topic ${topic} is not looked at. Set AWS_ACCOUNT_ID to have it looked at.`,
      );
      continue;
    }
    const found = await call(planes, 'GetTopicAttributes', topic, () => planes.sns.getTopicAttributes(topicArn));
    if (!found) note(service, provisioning, `topic ${topic}`);
  }
  return findings;
}

async function anyQueueArn(names: readonly FullName[], planes: ControlPlanes): Promise<QueueArn | undefined> {
  for (const name of names) {
    const url = await call(planes, 'GetQueueUrl', name, () => planes.sqs.getQueueUrl(name));
    if (url === undefined) continue;
    return (await call(planes, 'GetQueueAttributes', name, () => planes.sqs.getQueueAttributes(url)))['QueueArn'];
  }
  return undefined;
}

async function arnOf(
  topic: FullName,
  accountAndRegion: () => Promise<AccountAndRegion>,
): Promise<TopicArn | undefined> {
  const { region, accountId } = await accountAndRegion();
  return accountId === undefined ? undefined : `arn:${partitionOf(region)}:sns:${region}:${accountId}:${topic}`;
}
