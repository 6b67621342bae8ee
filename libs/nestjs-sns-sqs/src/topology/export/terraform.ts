import type { FullName } from '../../interfaces/names.interface.js';
import { deliveryStatement, POLICY_SID, POLICY_SID_SEPARATOR } from '../queue-policy.js';
import type { TopologyDocument } from '../topology-document.js';
import { queueArnText, type ArnText } from './arn-texts.js';
import type { ExportOptions } from './export-options.js';
import { Hcl, hclDocument, hclString, hclValue, type HclBlock, type HclValue } from './hcl.js';
import { resourcesOf } from './resources.js';
import { ALARM_PERIOD_SECONDS, type Part, type TopicReference } from './resources.model.js';
import { policyDocument } from './roles.js';

/** What exists already, by the ids that Terraform imports: a queue's URL, a topic's or subscription's ARN. */
export interface Existing {
  /** By full queue name. */
  queues: ReadonlyMap<FullName, string>;
  topics: ReadonlyMap<FullName, string>;
  /** By `<queue> <topic>`, full names. */
  subscriptions: ReadonlyMap<string, string>;
  /** Full names of the queues that have a policy. */
  withPolicy: ReadonlySet<FullName>;
}

/** `SendEmailOnUserRegisteredQueue` → `send_email_on_user_registered_queue` */
const terraformName = (id: string): string => id.replaceAll(/(?<=.)([A-Z])/g, '_$1').toLowerCase();

const ref = (type: string, id: string, attribute: string): Hcl => new Hcl(`${type}.${terraformName(id)}.${attribute}`);
const queueRef = (id: string, attribute: 'arn' | 'id'): Hcl => ref('aws_sqs_queue', id, attribute);

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Partition': 'data.aws_partition.current.partition',
  'AWS::Region': 'data.aws_region.current.id',
  'AWS::AccountId': 'data.aws_caller_identity.current.account_id',
};

function arnValue(text: ArnText): HclValue {
  if (!text.includes('${')) return text;
  const parts = text.split(/(\$\{[^}]+\})/);
  const inner = parts.map(part =>
    part.startsWith('${') ? `\${${PSEUDO[part.slice(2, -1)]}}` : hclString(part).slice(1, -1),
  );
  return new Hcl(`"${inner.join('')}"`);
}

const topicValue = (topic: TopicReference): HclValue =>
  'id' in topic ? ref('aws_sns_topic', topic.id, 'arn') : arnValue(topic.arn);

/** The keys of the JSON are written as they are. */
const jsonencode = (value: HclValue): Hcl => new Hcl(`jsonencode(${hclValue(value)})`);

/** Deployable as it is, beside a `provider "aws"`. Pure. @param existing gets `import` blocks */
export function terraformOf(document: TopologyDocument, options: ExportOptions = {}, existing?: Existing): string {
  const resources = resourcesOf(document, options);
  const { topics, queues, subscriptions, policies, alarms, roles } = resources;
  const data = (type: string): HclBlock => ({ type: 'data', labels: [type, 'current'], attributes: {} });
  const blocks = [
    {
      type: 'terraform',
      attributes: { required_version: '>= 1.5' },
      blocks: [
        {
          type: 'required_providers',
          attributes: { aws: { source: 'hashicorp/aws', version: '>= 5.0' } },
        },
      ],
    },
    ...['aws_partition', 'aws_region', 'aws_caller_identity'].map(data),
    ...topics.map(topicBlock),
    ...queues.flatMap(each => queueBlocks(each)),
    ...subscriptions.map(subscriptionBlock),
    ...policies.map(policyBlock),
    ...alarms.map(alarmBlock),
    ...roles.map(roleBlock),
    ...(existing ? importBlocks(document, resources, existing) : []),
  ];
  return hclDocument(blocks);
}

const resource = (
  type: string,
  id: string,
  attributes: HclBlock['attributes'],
  blocks: readonly HclBlock[] = [],
): HclBlock => ({ type: 'resource', labels: [type, terraformName(id)], attributes, blocks });

const LIFECYCLE: Record<'kept' | 'keptAndTagged', HclBlock> = {
  kept: { type: 'lifecycle', attributes: { prevent_destroy: true } },
  // The service writes tags of its own: the types that it takes, and the last day of use.
  keptAndTagged: {
    type: 'lifecycle',
    attributes: { prevent_destroy: true, ignore_changes: [new Hcl('tags'), new Hcl('tags_all')] },
  },
};

const tagsOf = (tags: Readonly<Record<string, string>>): HclValue | undefined =>
  Object.keys(tags).length > 0 ? tags : undefined;

const topicBlock = ({ id, name, kmsKeyId, tags }: Part<'topics'>): HclBlock =>
  resource('aws_sns_topic', id, { name, kms_master_key_id: kmsKeyId, tags: tagsOf(tags) }, [LIFECYCLE.kept]);

const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
const flag = (text: string | undefined): boolean | undefined => (text === undefined ? undefined : text === 'true');

function queueBlocks({ id, name, attributes: all, tags, redrive, takesFrom }: Part<'queues'>): HclBlock[] {
  const queue = resource(
    'aws_sqs_queue',
    id,
    {
      name,
      fifo_queue: flag(all['FifoQueue']),
      deduplication_scope: all['DeduplicationScope'],
      fifo_throughput_limit: all['FifoThroughputLimit'],
      visibility_timeout_seconds: number(all['VisibilityTimeout']),
      message_retention_seconds: number(all['MessageRetentionPeriod']),
      max_message_size: number(all['MaximumMessageSize']),
      sqs_managed_sse_enabled: flag(all['SqsManagedSseEnabled']),
      kms_master_key_id: all['KmsMasterKeyId'],
      kms_data_key_reuse_period_seconds: number(all['KmsDataKeyReusePeriodSeconds']),
      redrive_policy:
        redrive &&
        jsonencode({ deadLetterTargetArn: queueRef(redrive.to, 'arn'), maxReceiveCount: redrive.maxReceiveCount }),
      tags: tagsOf(tags),
    },
    [LIFECYCLE.keptAndTagged],
  );
  if (takesFrom === undefined) return [queue];
  const allow = resource('aws_sqs_queue_redrive_allow_policy', id, {
    queue_url: queueRef(id, 'id'),
    redrive_allow_policy: jsonencode({
      redrivePermission: 'byQueue',
      sourceQueueArns: [arnValue(queueArnText(takesFrom))],
    }),
  });
  return [queue, allow];
}

const subscriptionBlock = ({ id, topic, queue, deadLetterQueue, filterPolicy }: Part<'subscriptions'>): HclBlock =>
  resource('aws_sns_topic_subscription', id, {
    topic_arn: topicValue(topic),
    protocol: 'sqs',
    endpoint: queueRef(queue, 'arn'),
    raw_message_delivery: true,
    redrive_policy:
      deadLetterQueue === undefined ? undefined : jsonencode({ deadLetterTargetArn: queueRef(deadLetterQueue, 'arn') }),
    ...(filterPolicy && {
      filter_policy_scope: 'MessageAttributes',
      filter_policy: jsonencode(filterPolicy as HclValue),
    }),
  });

function policyBlock({ id, queue, topics, subscriptions }: Part<'policies'>): HclBlock {
  const subscriptionId = (each: string): string =>
    `element(split(":", aws_sns_topic_subscription.${terraformName(each)}.arn), 6)`;
  const Sid = subscriptions
    ? new Hcl(
        `join("${POLICY_SID_SEPARATOR}", [${[hclString(POLICY_SID), ...subscriptions.map(subscriptionId)].join(', ')}])`,
      )
    : POLICY_SID;
  const statement = deliveryStatement<HclValue>(queueRef(queue, 'arn'), topics.map(topicValue));
  return resource('aws_sqs_queue_policy', id, {
    queue_url: queueRef(queue, 'id'),
    policy: jsonencode({ Version: '2012-10-17', Statement: [{ Sid, ...(statement as Record<string, HclValue>) }] }),
  });
}

const alarmBlock = ({ id, queueName, metric, threshold, description, actions }: Part<'alarms'>): HclBlock =>
  resource('aws_cloudwatch_metric_alarm', id, {
    alarm_name: `${queueName}-${metric === 'ApproximateAgeOfOldestMessage' ? 'age' : 'dead-letters'}`,
    alarm_description: description,
    namespace: 'AWS/SQS',
    metric_name: metric,
    dimensions: { QueueName: queueName },
    statistic: 'Maximum',
    period: ALARM_PERIOD_SECONDS,
    evaluation_periods: 1,
    threshold,
    comparison_operator: 'GreaterThanThreshold',
    treat_missing_data: 'notBreaching',
    alarm_actions: actions.length > 0 ? [...actions] : undefined,
  });

const roleBlock = ({ id, role }: Part<'roles'>): HclBlock =>
  resource('aws_iam_policy', id, {
    name_prefix: `${POLICY_SID}-${role.name}-`,
    description: `nestjs-sns-sqs: what a ${role.name} may do.`,
    policy: jsonencode(policyDocument(role, arnValue) as HclValue),
  });

function importBlocks(
  { services }: TopologyDocument,
  { topics, queues, subscriptions, policies }: ReturnType<typeof resourcesOf>,
  existing: Existing,
): HclBlock[] {
  const block = (type: string, id: string, found: string | undefined): HclBlock[] =>
    found === undefined
      ? []
      : [{ type: 'import', attributes: { to: new Hcl(`${type}.${terraformName(id)}`), id: found } }];
  const urlOf = new Map(queues.map(({ id, name }) => [id, existing.queues.get(name)]));
  const nameOf = new Map([...queues, ...topics].map(({ id, name }) => [id, name]));
  const topicName = (topic: TopicReference): string =>
    'id' in topic ? (nameOf.get(topic.id) ?? '') : topic.arn.slice(topic.arn.lastIndexOf(':') + 1);
  return services.length === 0 && topics.length === 0
    ? []
    : [
        ...topics.flatMap(({ id, name }) => block('aws_sns_topic', id, existing.topics.get(name))),
        ...queues.flatMap(({ id, takesFrom }) => [
          ...block('aws_sqs_queue', id, urlOf.get(id)),
          ...(takesFrom === undefined ? [] : block('aws_sqs_queue_redrive_allow_policy', id, urlOf.get(id))),
        ]),
        ...subscriptions.flatMap(({ id, queue, topic }) =>
          block(
            'aws_sns_topic_subscription',
            id,
            existing.subscriptions.get(`${nameOf.get(queue)} ${topicName(topic)}`),
          ),
        ),
        ...policies
          .filter(({ queue }) => existing.withPolicy.has(nameOf.get(queue) ?? ''))
          .flatMap(({ id, queue }) => block('aws_sqs_queue_policy', id, urlOf.get(queue))),
      ];
}
