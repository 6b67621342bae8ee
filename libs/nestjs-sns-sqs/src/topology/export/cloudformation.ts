import type { Attributes } from '../../interfaces/control-plane.interface.js';
import { deliveryStatement, POLICY_SID, POLICY_SID_SEPARATOR } from '../queue-policy.js';
import type { TopologyDocument } from '../topology-document.js';
import { queueArnText, type ArnText } from './arn-texts.js';
import type { ExportOptions } from './export-options.js';
import { resourcesOf } from './resources.js';
import { ALARM_PERIOD_SECONDS, type Part, type TopicReference } from './resources.model.js';
import { policyDocument } from './roles.js';

export interface CloudFormationTemplate {
  AWSTemplateFormatVersion: '2010-09-09';
  Description: string;
  Resources: Record<string, CloudFormationResource>;
  Outputs?: Record<string, { Description: string; Value: unknown }>;
}

export interface CloudFormationResource {
  Type: string;
  /** What holds messages outlives its stack. */
  DeletionPolicy?: 'Retain';
  UpdateReplacePolicy?: 'Retain';
  Properties: Record<string, unknown>;
}

const NUMBERS = new Set([
  'VisibilityTimeout',
  'MessageRetentionPeriod',
  'MaximumMessageSize',
  'KmsDataKeyReusePeriodSeconds',
]);
const FLAGS = new Set(['FifoQueue', 'SqsManagedSseEnabled']);
const RETAIN = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' } as const;

const arnOf = (id: string): object => ({ 'Fn::GetAtt': [id, 'Arn'] });
const sub = (text: ArnText): unknown => (text.includes('${') ? { 'Fn::Sub': text } : text);
const topicArn = (topic: TopicReference): unknown => ('id' in topic ? { Ref: topic.id } : sub(topic.arn));
/** By key, as CDK writes them. */
function tagsOf(tags: Readonly<Record<string, string>>): object {
  const sorted = Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return sorted.length > 0 ? { Tags: sorted.map(([Key, Value]) => ({ Key, Value })) } : {};
}

/** A template that can be deployed as it is. Pure; the same document and options always give the same template. */
export function cloudFormationOf(document: TopologyDocument, options: ExportOptions = {}): CloudFormationTemplate {
  const { topics, queues, subscriptions, policies, alarms, roles } = resourcesOf(document, options);
  const services = document.services.map(({ service }) => service).join(', ');
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `SNS and SQS for ${services || 'publishers'}, as their handlers need it. Written by nestjs-sns-sqs topology export.`,
    Resources: Object.fromEntries([
      ...topics.map(topicEntry),
      ...queues.map(queueEntry),
      ...subscriptions.map(subscriptionEntry),
      ...policies.map(policyEntry),
      ...alarms.map(alarmEntry),
      ...roles.map(roleEntry),
    ]),
    ...(roles.length > 0 && {
      Outputs: Object.fromEntries(
        roles.map(({ id, role }) => [
          `${id}Arn`,
          { Description: `The managed policy of the role ${role.name}.`, Value: { Ref: id } },
        ]),
      ),
    }),
  };
}

type Entry = [string, CloudFormationResource];

function topicEntry({ id, name, kmsKeyId, tags }: Part<'topics'>): Entry {
  const Properties = { TopicName: name, ...(kmsKeyId && { KmsMasterKeyId: kmsKeyId }), ...tagsOf(tags) };
  return [id, { Type: 'AWS::SNS::Topic', ...RETAIN, Properties }];
}

const typed = (name: string, value: string): unknown =>
  NUMBERS.has(name) ? Number(value) : FLAGS.has(name) ? value === 'true' : value;

const typedAttributes = (attributes: Attributes): Record<string, unknown> =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, typed(name, value)]));

function queueEntry({ id, name, attributes, tags, redrive, takesFrom }: Part<'queues'>): Entry {
  const Properties = {
    QueueName: name,
    ...typedAttributes(attributes),
    ...(redrive && {
      RedrivePolicy: { deadLetterTargetArn: arnOf(redrive.to), maxReceiveCount: redrive.maxReceiveCount },
    }),
    // By its name: the two queues would need each other.
    ...(takesFrom !== undefined && {
      RedriveAllowPolicy: { redrivePermission: 'byQueue', sourceQueueArns: [sub(queueArnText(takesFrom))] },
    }),
    ...tagsOf(tags),
  };
  return [id, { Type: 'AWS::SQS::Queue', ...RETAIN, Properties }];
}

function subscriptionEntry({ id, topic, queue, deadLetterQueue, filterPolicy }: Part<'subscriptions'>): Entry {
  const Properties = {
    TopicArn: topicArn(topic),
    Protocol: 'sqs',
    Endpoint: arnOf(queue),
    RawMessageDelivery: true,
    ...(deadLetterQueue !== undefined && { RedrivePolicy: { deadLetterTargetArn: arnOf(deadLetterQueue) } }),
    ...(filterPolicy && { FilterPolicy: filterPolicy, FilterPolicyScope: 'MessageAttributes' }),
  };
  return [id, { Type: 'AWS::SNS::Subscription', Properties }];
}

/** A subscription's ARN is its topic's, and its id. */
const SUBSCRIPTION_ID = 6;
const subscriptionId = (id: string): object => ({
  'Fn::Select': [SUBSCRIPTION_ID, { 'Fn::Split': [':', { Ref: id }] }],
});

function policyEntry({ id, queue, topics, subscriptions }: Part<'policies'>): Entry {
  const Sid = subscriptions
    ? { 'Fn::Join': [POLICY_SID_SEPARATOR, [POLICY_SID, ...subscriptions.map(subscriptionId)]] }
    : POLICY_SID;
  const PolicyDocument = {
    Version: '2012-10-17',
    Statement: [{ Sid, ...deliveryStatement(arnOf(queue), topics.map(topicArn)) }],
  };
  return [id, { Type: 'AWS::SQS::QueuePolicy', Properties: { Queues: [{ Ref: queue }], PolicyDocument } }];
}

function alarmEntry({ id, queueName, metric, threshold, description, actions }: Part<'alarms'>): Entry {
  const Properties = {
    AlarmDescription: description,
    Namespace: 'AWS/SQS',
    MetricName: metric,
    Dimensions: [{ Name: 'QueueName', Value: queueName }],
    Statistic: 'Maximum',
    Period: ALARM_PERIOD_SECONDS,
    EvaluationPeriods: 1,
    Threshold: threshold,
    ComparisonOperator: 'GreaterThanThreshold',
    // SQS reports nothing of a queue that nobody has used for hours.
    TreatMissingData: 'notBreaching',
    ...(actions.length > 0 && { AlarmActions: [...actions] }),
  };
  return [id, { Type: 'AWS::CloudWatch::Alarm', Properties }];
}

function roleEntry({ id, role }: Part<'roles'>): Entry {
  const Properties = {
    Description: `nestjs-sns-sqs: what a ${role.name} may do.`,
    PolicyDocument: policyDocument(role, sub),
  };
  return [id, { Type: 'AWS::IAM::ManagedPolicy', Properties }];
}
