import type { FullName } from '../../interfaces/names.interface.js';
import type { TopologyDocument } from '../topology-document.js';
import { arnOfQueueUrl, queueArnText, topicArnText, type ArnText } from './arn-texts.js';
import type { ExportOptions } from './export-options.js';

/** What one kind of process may do, and nothing more. docs/iam.md says why; a spec compares both. */
export interface Role {
  name: RoleName;
  statements: RoleStatement[];
}

export type RoleName = 'consumer' | 'publisher' | 'requester' | 'provisioner' | 'redriver';

export interface RoleStatement {
  sid: string;
  actions: string[];
  resources: ArnText[];
  condition?: Record<string, unknown>;
}

/** As IAM writes it, `resource` gives the resource in the language of the template. */
export const policyDocument = <T>({ statements }: Role, resource: (text: ArnText) => T): object => ({
  Version: '2012-10-17',
  Statement: statements.map(statement => policyStatement(statement, resource)),
});

const policyStatement = <T>(
  { sid, actions, resources, condition }: RoleStatement,
  resource: (text: ArnText) => T,
): object => ({
  Sid: sid,
  Effect: 'Allow',
  Action: actions,
  Resource: resources.map(resource),
  ...(condition && { Condition: condition }),
});

const CONSUME = [
  'sqs:GetQueueUrl',
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibility',
  'sqs:ListQueueTags',
  'sqs:TagQueue',
  'sqs:UntagQueue',
];
const SEND = ['sqs:GetQueueUrl', 'sqs:SendMessage'];
const OWN_REPLIES = ['sqs:CreateQueue', 'sqs:TagQueue', 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:DeleteQueue'];
const PROVISION_QUEUES = [
  'sqs:GetQueueUrl',
  'sqs:CreateQueue',
  'sqs:GetQueueAttributes',
  'sqs:SetQueueAttributes',
  'sqs:ListQueueTags',
  'sqs:TagQueue',
  'sqs:UntagQueue',
];
const PROVISION_TOPICS = [
  'sns:CreateTopic',
  'sns:GetTopicAttributes',
  'sns:Subscribe',
  'sns:Unsubscribe',
  'sns:GetSubscriptionAttributes',
  'sns:SetSubscriptionAttributes',
];
const TAKE_LETTERS = [
  'sqs:GetQueueUrl',
  'sqs:GetQueueAttributes',
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibility',
];
const USE_KEY = ['kms:Decrypt', 'kms:GenerateDataKey'];

/** IAM's bound of a managed policy, in characters without white space (reference_iam-quotas). */
const MAX_POLICY_CHARACTERS = 6_144;
/** What an ARN's placeholders become at most, such as `aws-us-gov`, `ap-southeast-1` and an account. */
const PLACED_CHARACTERS = 'arn:aws-us-gov:sqs:ap-southeast-1:123456789012:'.length;

const placedLength = (text: ArnText): number =>
  text.startsWith('arn:${AWS::Partition}') ? PLACED_CHARACTERS + text.length - text.lastIndexOf(':') : text.length;

/** Divides a role whose policy IAM would find too large. What was the first part stays it when queues are added. */
export function policiesOf(role: Role): Role[] {
  const parts: RoleStatement[][] = [];
  let [part, size] = [[] as RoleStatement[], 0];
  const next = (): void => {
    if (part.length > 0) parts.push(part);
    [part, size] = [[], JSON.stringify({ Version: '2012-10-17', Statement: [] }).length];
  };
  next();
  for (const statement of role.statements) {
    const base = JSON.stringify({ ...policyStatement(statement, text => text), Resource: [] }).length + 1;
    let resources: ArnText[] = [];
    const add = (): void => {
      if (resources.length > 0) part.push({ ...statement, resources });
      resources = [];
    };
    size += base;
    for (const resource of statement.resources) {
      const length = placedLength(resource) + '"",'.length;
      if (size + length > MAX_POLICY_CHARACTERS) {
        add();
        next();
        size += base;
      }
      resources.push(resource);
      size += length;
    }
    add();
  }
  next();
  return parts.map(statements => ({ ...role, statements }));
}

/** The roles of an app, those that have something to do. */
export function rolesOf(document: TopologyDocument, options: ExportOptions = {}): Role[] {
  const named = namesOf(document);
  return [consumer(named), publisher(named), requester(document, named), provisioner(named), redriver(named)]
    .map(role => ({ ...role, statements: role.statements.filter(({ resources }) => resources.length > 0) }))
    .filter(({ statements }) => statements.length > 0)
    .map(role => withKey(role, options));
}

interface Named {
  queues: ArnText[];
  former: ArnText[];
  deadLetterQueues: ArnText[];
  subscribedTopics: ArnText[];
  topics: ArnText[];
  sent: ArnText[];
  answers: boolean;
}

const distinct = (all: readonly ArnText[]): ArnText[] => [...new Set(all)].toSorted();

function namesOf({ services, publishers, senders }: TopologyDocument): Named {
  const queues = services.flatMap(service => service.queues);
  const arns = (names: readonly FullName[]): ArnText[] => distinct(names.map(queueArnText));
  return {
    queues: arns(queues.map(({ name }) => name)),
    former: arns(queues.flatMap(({ formerly }) => formerly)),
    deadLetterQueues: arns(queues.map(({ deadLetterQueue }) => deadLetterQueue)),
    subscribedTopics: distinct(
      queues.flatMap(({ subscriptions }) => subscriptions.map(({ topic }) => topicArnText(topic))),
    ),
    topics: distinct(publishers.map(({ topic, topicArn }) => topicArn ?? topicArnText(topic))),
    sent: distinct(senders.map(({ queue, queueUrl }) => (queueUrl && arnOfQueueUrl(queueUrl)) || queueArnText(queue))),
    answers: queues.some(({ handlers }) => handlers.some(({ kind }) => kind === 'request')),
  };
}

const consumer = ({ queues, former, deadLetterQueues, answers }: Named): Role => ({
  name: 'consumer',
  statements: [
    { sid: 'Consume', actions: CONSUME, resources: distinct([...queues, ...former]) },
    { sid: 'CopyDeadLetters', actions: SEND, resources: deadLetterQueues },
    { sid: 'Answer', actions: ['sqs:SendMessage'], resources: answers ? [queueArnText('*-replies-*')] : [] },
  ],
});

const publisher = ({ topics, sent }: Named): Role => ({
  name: 'publisher',
  statements: [
    { sid: 'Publish', actions: ['sns:Publish'], resources: topics },
    { sid: 'SendCommands', actions: SEND, resources: sent },
  ],
});

/** For `send()`: an app that only emits needs none of it. */
const requester = ({ services }: TopologyDocument, { sent }: Named): Role => ({
  name: 'requester',
  statements: [
    {
      sid: 'OwnReplyQueues',
      actions: OWN_REPLIES,
      resources:
        sent.length === 0 ? [] : services.map(({ service, prefix }) => queueArnText(`${prefix}${service}-replies-*`)),
    },
  ],
});

/** For `provisioning: 'create'` and `'verify'`, and for the commands `topology plan` and `topology prune`. */
const provisioner = ({ queues, former, deadLetterQueues, subscribedTopics, topics }: Named): Role => ({
  name: 'provisioner',
  statements: [
    { sid: 'Queues', actions: PROVISION_QUEUES, resources: distinct([...queues, ...former, ...deadLetterQueues]) },
    { sid: 'Topics', actions: PROVISION_TOPICS, resources: distinct([...subscribedTopics, ...topics]) },
  ],
});

const redriver = ({ queues, deadLetterQueues }: Named): Role => ({
  name: 'redriver',
  statements: [
    { sid: 'TakeLetters', actions: TAKE_LETTERS, resources: deadLetterQueues },
    { sid: 'SendAgain', actions: [...SEND, 'sqs:GetQueueAttributes'], resources: queues },
  ],
});

/** Who only changes settings does not need the key. */
function withKey(role: Role, { kmsKeyId }: ExportOptions): Role {
  if (kmsKeyId === undefined || role.name === 'provisioner') return role;
  return { ...role, statements: [...role.statements, { sid: 'UseKey', actions: USE_KEY, ...keyNamed(kmsKeyId) }] };
}

const KMS = 'arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}';

/** A policy names a key by its ARN. An alias is a condition: an alias's own ARN would name no key. */
function keyNamed(kmsKeyId: string): Pick<RoleStatement, 'resources' | 'condition'> {
  const at = kmsKeyId.indexOf('alias/');
  if (at < 0) return { resources: [kmsKeyId.startsWith('arn:') ? kmsKeyId : `${KMS}:key/${kmsKeyId}`] };
  const keys = kmsKeyId.startsWith('arn:') ? `${kmsKeyId.slice(0, at)}key/*` : `${KMS}:key/*`;
  return {
    resources: [keys],
    condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': [kmsKeyId.slice(at)] } },
  };
}
