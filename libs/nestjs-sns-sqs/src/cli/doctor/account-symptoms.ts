import { docsPage } from '../../errors/docs-page.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { Attributes } from '../../interfaces/control-plane.interface.js';
import { SQS_MAX_RECEIVE_COUNT } from '../../constants.js';
import { call, mapInParallel, topicArnInSameAccount, type ControlPlanes } from '../../topology/control-planes.js';
import { isArn } from '../../topology/names.js';
import { examineAccount, messagesIn, type Finding, type ListQueues } from '../../topology/examine-account.js';
import { keyProblem, keysOf } from '../../topology/key-policy.js';
import { topologyOf } from '../../topology/topology-of.js';
import { thrownText } from '../../errors/thrown.js';
import { QUEUE_TAGS } from '../../topology/queue-tags.js';
import type {
  QueueDocument,
  SenderDocument,
  ServiceDocument,
  TopologyDocument,
} from '../../topology/topology-document.js';
import { MAX_FILTERS_OF_A_TOPIC, type Symptom } from './symptoms.js';

const NEAR = 0.9;
/** The key of AWS that SNS cannot use. */
const AWS_KEY = 'alias/aws/sqs';

/** What the account shows. Changes nothing. A call that is denied is a symptom and no failure. */
export async function accountSymptoms(
  document: TopologyDocument,
  planes: ControlPlanes,
  listQueues: ListQueues,
): Promise<Symptom[]> {
  const visit = new AccountVisit(planes);
  for (const service of document.services) {
    await visit.tolerate(service.service, () => visit.compare(service, listQueues));
    await mapInParallel(service.queues, queue =>
      visit.tolerate(service.service, () => visit.lookAt(service.service, queue)),
    );
    await visit.tolerate(service.service, () => visit.countSubscriptions(service));
  }
  await visit.lookAtKeys(document);
  const [self] = document.services.map(({ service }) => service);
  await mapInParallel(document.senders, sender =>
    visit.tolerate(self ?? sender.service, () => visit.findReader(self ?? sender.service, sender, document)),
  );
  return visit.symptoms;
}

class AccountVisit {
  readonly symptoms: Symptom[] = [];
  /** Attributes of the services' queues. */
  private readonly seen = new Map<string, Attributes>();
  private readonly denied = new Set<string>();

  constructor(private readonly planes: ControlPlanes) {}

  async tolerate(service: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof SnsSqsError) || error.code !== 'ACCESS_DENIED') throw error;
      const { operation = 'a call', resource = '' } = error.facts;
      if (this.denied.has(`${operation} ${resource}`)) return;
      this.denied.add(`${operation} ${resource}`);
      this.symptoms.push({
        rule: 'permission-missing',
        service,
        resource,
        text: `these credentials may not call ${operation} on ${resource}`,
        remedy: 'compare the role with `topology export --format iam`',
      });
    }
  }

  /** With verify's own code. Orphans and dangers are for `topology plan`. */
  async compare(service: ServiceDocument, listQueues: ListQueues): Promise<void> {
    const { findings } = await examineAccount(service, this.planes, listQueues);
    const of = (...kinds: Array<Finding['kind']>): Finding[] => findings.filter(({ kind }) => kinds.includes(kind));
    for (const { resource, text } of of('missing', 'differs')) {
      this.symptoms.push({
        rule: 'topology-differs',
        service: service.service,
        resource,
        text,
        remedy:
          "`topology plan` shows everything; start once with `provisioning: 'create'`, or deploy `topology export`",
      });
    }
    for (const { resource, text } of of('owner')) {
      this.symptoms.push({
        rule: 'owner-differs',
        service: service.service,
        resource,
        text,
        remedy:
          'give the handler another `useCase` or `queue`; a service that was renamed names its old name in `formerly`',
      });
    }
  }

  async lookAt(service: string, { name, deadLetterQueue }: QueueDocument): Promise<void> {
    const [queue, deadLetters] = [await this.attributesOf(name), await this.attributesOf(deadLetterQueue)];
    if (queue) this.seen.set(name, queue);
    const add = (rule: Symptom['rule'], resource: string, text: string, remedy: string): void => {
      this.symptoms.push({ rule, service, resource, text, remedy });
    };
    const net = queue && maxReceiveCountOf(queue);
    if (net !== undefined && net < SQS_MAX_RECEIVE_COUNT) {
      add(
        'early-net',
        name,
        `its redrive policy moves a message after ${net} receives, those that only waited among them, and without a reason`,
        `set \`maxReceiveCount\` of the redrive policy to ${SQS_MAX_RECEIVE_COUNT}: the library counts attempts itself`,
      );
    }
    const [kept, keptDead] = [queue, deadLetters].map(each => Number(each?.['MessageRetentionPeriod']));
    if (kept > keptDead) {
      add(
        'short-lived-letters',
        deadLetterQueue,
        `it keeps letters for ${keptDead} s, and its queue keeps messages for ${kept} s: an old message that SQS moves is deleted at once`,
        'raise `MessageRetentionPeriod` of the dead-letter queue to 1209600',
      );
    }
    for (const [resource, attributes] of [
      [name, queue],
      [deadLetterQueue, deadLetters],
    ] as const) {
      if (!attributes?.['KmsMasterKeyId']?.endsWith(AWS_KEY)) continue;
      add(
        'unusable-key',
        resource,
        `it is encrypted with ${AWS_KEY}, which SNS cannot use: events are lost`,
        "use SQS's own encryption or a customer key",
      );
    }
    const letters = deadLetters === undefined ? 0 : messagesIn(deadLetters);
    if (letters > 0) {
      add(
        'dead-letters-waiting',
        deadLetterQueue,
        `it has about ${letters} dead letter${letters === 1 ? '' : 's'}`,
        `run \`npx nestjs-sns-sqs dlq groups ${deadLetterQueue}\`, and see ${docsPage('guides/dead-letters.md')}`,
      );
    }
  }

  /** A key that cannot be seen is no symptom: whoever runs the doctor may not look at keys. */
  async lookAtKeys({ services }: TopologyDocument): Promise<void> {
    const { keys, logger } = this.planes;
    if (!keys) return;
    for (const service of services) {
      const seen = topologyOf(service).queues.map(spec => ({ spec, attributes: this.seen.get(spec.name) ?? {} }));
      for (const [keyId, queue] of keysOf(seen)) {
        try {
          const problem = keyProblem(await keys.look(keyId));
          if (problem === undefined) continue;
          this.symptoms.push({
            rule: 'key-shuts-sns-out',
            service: service.service,
            resource: queue,
            text: `its key ${keyId} ${problem}: events are lost`,
            remedy: `add the statement of ${docsPage('guides/encryption.md')} to the key's policy`,
          });
        } catch (error) {
          logger.warn(`These credentials may not read the key ${keyId}: ${thrownText(error)}`);
        }
      }
    }
  }

  async countSubscriptions({ service, queues }: ServiceDocument): Promise<void> {
    const [any] = queues;
    const arn = any && (await this.attributesOf(any.name))?.['QueueArn'];
    if (arn === undefined) return;
    const topics = new Set(queues.flatMap(({ subscriptions }) => subscriptions.map(({ topic }) => topic)));
    for (const topic of [...topics].filter(each => !isArn(each))) {
      const { sns } = this.planes;
      const topicArn = topicArnInSameAccount(arn, topic);
      const found = await call(this.planes, 'GetTopicAttributes', topic, () => sns.getTopicAttributes(topicArn));
      const count = Number(found?.['SubscriptionsConfirmed'] ?? 0);
      if (count < MAX_FILTERS_OF_A_TOPIC * NEAR) continue;
      this.symptoms.push({
        rule: 'topic-near-limit',
        service,
        resource: topic,
        text: `it has ${count} subscriptions, and SNS takes ${MAX_FILTERS_OF_A_TOPIC} filter policies on one topic: the start of the next use case fails`,
        remedy: 'ask AWS to raise the quota, let several handlers share a queue, or divide the topic',
      });
    }
  }

  /** A misspelt name has a queue too, where a client with `create` has made it. */
  async findReader(
    self: string,
    { service, queue, queueUrl }: SenderDocument,
    document: TopologyDocument,
  ): Promise<void> {
    if (queueUrl !== undefined || document.services.some(({ queues }) => queues.some(({ name }) => name === queue)))
      return;
    const { sqs } = this.planes;
    const add = (text: string): void => {
      const remedy = `check the name ${service} and the prefix; start the service that takes the messages`;
      this.symptoms.push({ rule: 'unread-queue', service: self, resource: queue, text, remedy });
    };
    const url = await call(this.planes, 'GetQueueUrl', queue, () => sqs.getQueueUrl(queue));
    if (url === undefined) return add('a client sends to it, and the queue does not exist');
    const tags = await call(this.planes, 'ListQueueTags', queue, () => sqs.listQueueTags(url));
    if (tags[QUEUE_TAGS.lastConsumed] === undefined)
      add('a client sends to it, and no consumer has ever started on it');
  }

  private async attributesOf(name: string): Promise<Attributes | undefined> {
    const { sqs } = this.planes;
    const url = await call(this.planes, 'GetQueueUrl', name, () => sqs.getQueueUrl(name));
    if (url === undefined) return undefined;
    return call(this.planes, 'GetQueueAttributes', name, () => sqs.getQueueAttributes(url));
  }
}

function maxReceiveCountOf(attributes: Attributes): number | undefined {
  try {
    const { maxReceiveCount } = JSON.parse(attributes['RedrivePolicy'] ?? '{}') as {
      maxReceiveCount?: number | string;
    };
    return maxReceiveCount === undefined ? undefined : Number(maxReceiveCount);
  } catch {
    return undefined;
  }
}
