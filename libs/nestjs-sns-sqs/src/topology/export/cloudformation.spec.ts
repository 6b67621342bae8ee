import type { QueueDocument, TopologyDocument } from '../topology-document.js';
import { cloudFormationOf, type CloudFormationTemplate } from './cloudformation.js';
import type { ExportOptions } from './export-options.js';
import { iamPoliciesOf } from './iam.js';
import { logicalId } from './logical-ids.js';
import { mermaidOf } from './mermaid.js';
import { terraformOf } from './terraform.js';
import { documentWith, queueWith } from '../../../test/document-with.js';

const template = (document: TopologyDocument, options?: ExportOptions): CloudFormationTemplate =>
  cloudFormationOf(document, options);
const ofType = (from: CloudFormationTemplate, type: string) =>
  Object.entries(from.Resources).filter(([, { Type }]) => Type === type);
const PROPERTIES = (from: CloudFormationTemplate, id: string): Record<string, unknown> =>
  from.Resources[id]?.Properties ?? {};

describe('a logical id', () => {
  it.each([
    ['send-email-on-user-registered', 'SendEmailOnUserRegistered'],
    ['notifications-async-commands.fifo', 'NotificationsAsyncCommands'],
    ['dev-mail', 'Mail', 'dev-'],
  ])('of %s is %s', (name, id, prefix = '') => expect(logicalId(prefix, name)).toBe(id));

  it('keeps names apart that look alike as identifiers', () => {
    const names = ['a-b', 'a_b', 'aB', 'AB', 'ab', 'a--b', 'v-1', 'v1', '1a'];
    const ids = names.map(name => logicalId('', name));
    expect(new Set(ids).size).toBe(names.length);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z][A-Za-z0-9]*$/);
  });
});

describe('a template', () => {
  it('is the same in each environment, but for the names', () => {
    const [dev, prod] = ['dev-', 'prod-'].map(prefix =>
      JSON.stringify(template(documentWith({ prefix, queues: [queueWith({ name: `${prefix}mail`, prefix })] }))),
    );
    expect(dev?.replaceAll('dev-', 'prod-')).toBe(prod);
  });

  it('keeps the ids of a queue that was renamed, and deletes no queue and no topic', () => {
    const before = template(documentWith({ queues: [queueWith({ name: 'send-mail' })] }));
    const after = template(documentWith({ queues: [queueWith({ name: 'send-email', formerly: ['send-mail'] })] }));
    expect(Object.keys(after.Resources)).toEqual(Object.keys(before.Resources));
    for (const [, resource] of [...ofType(after, 'AWS::SQS::Queue'), ...ofType(after, 'AWS::SNS::Topic')]) {
      expect(resource).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
  });

  it('is refused where one resource would take the place of another', () => {
    const twins = documentWith({ queues: [queueWith({ name: 'audit' }), queueWith({ name: 'audit.fifo' })] });
    expect(() => template(twins)).toThrow('audit and audit.fifo (AuditQueue)');
    expect(() => terraformOf(twins)).toThrow('audit-dlq and audit-dlq.fifo (AuditDeadLetterQueue)');
    const twice = documentWith({ queues: [queueWith({ name: 'audit' }), queueWith({ name: 'audit' })] });
    expect(ofType(template(twice), 'AWS::SQS::Queue')).toHaveLength(2);
  });

  it("makes the app's own topic, and names another service's by its ARN", () => {
    const document = documentWith({
      publishers: [{ service: 'notifications', topic: 'notifications-domain-events', provisioning: 'create' }],
    });
    const own = template(document);
    expect(ofType(own, 'AWS::SNS::Topic').map(([id]) => id)).toEqual(['NotificationsDomainEventsTopic']);
    expect(PROPERTIES(own, 'MailFromUsersDomainEvents')['TopicArn']).toEqual({
      'Fn::Sub': 'arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:users-domain-events',
    });
    expect(ofType(template(document, { topics: 'all' }), 'AWS::SNS::Topic')).toHaveLength(2);
  });

  it("makes nothing for the topic of another account, with 'all' neither", () => {
    const topic = 'arn:aws:sns:eu-west-1:111111111111:users-domain-events';
    const document = documentWith({ queues: [queueWith({ subscriptions: [{ topic, types: ['a'] }] })] });
    const made = template(document, { topics: 'all' });
    expect(ofType(made, 'AWS::SNS::Topic')).toEqual([]);
    expect(PROPERTIES(made, 'MailFromUsersDomainEvents')['TopicArn']).toBe(topic);
  });

  it('is divided where two apps subscribe to each other: the topics, and all the rest', () => {
    const document = documentWith({
      publishers: [{ service: 'notifications', topic: 'notifications-domain-events', provisioning: 'create' }],
    });
    const alarms = { ageSeconds: 60, actions: [] };
    const made = (topics: 'own' | 'only' | 'none') => template(document, { topics, alarms }).Resources;
    expect(Object.keys(made('only'))).toEqual(['NotificationsDomainEventsTopic']);
    expect(made('none')).not.toHaveProperty('NotificationsDomainEventsTopic');
    expect({ ...made('only'), ...made('none') }).toEqual(made('own'));
  });

  it('drops what SNS cannot deliver where the team wants it so', () => {
    const made = template(documentWith({ topology: { subscriptionDeadLetterQueues: false } }));
    expect(PROPERTIES(made, 'MailFromUsersDomainEvents')).not.toHaveProperty('RedrivePolicy');
    expect(made.Resources).not.toHaveProperty('MailDeadLetterQueuePolicy');
    expect(terraformOf(documentWith({ topology: { subscriptionDeadLetterQueues: false } }))).not.toMatch(
      /dead_letter_queue_policy|redrive_policy += jsonencode\(\{ ?deadLetterTargetArn[^,]*\}\)/,
    );
  });

  it("has a customer's key in place of SQS's own encryption, with tags on all", () => {
    const document = documentWith({
      publishers: [{ service: 'notifications', topic: 'notifications-domain-events', provisioning: 'create' }],
    });
    const made = template(document, {
      kmsKeyId: 'alias/messages',
      kmsDataKeyReuseSeconds: 600,
      tags: { team: 'mail' },
    });
    for (const [, { Properties }] of ofType(made, 'AWS::SQS::Queue')) {
      expect(Properties).toMatchObject({ KmsMasterKeyId: 'alias/messages', KmsDataKeyReusePeriodSeconds: 600 });
      expect(Properties).not.toHaveProperty('SqsManagedSseEnabled');
      expect(Properties['Tags']).toContainEqual({ Key: 'team', Value: 'mail' });
    }
    expect(PROPERTIES(made, 'NotificationsDomainEventsTopic')).toMatchObject({ KmsMasterKeyId: 'alias/messages' });
  });

  it('alarms on the age of a queue and on each dead letter', () => {
    const made = template(documentWith({}), { alarms: { ageSeconds: 60, actions: ['arn:x'] } });
    expect(PROPERTIES(made, 'MailAgeAlarm')).toMatchObject({ Threshold: 60, AlarmActions: ['arn:x'] });
    expect(PROPERTIES(made, 'MailDeadLettersAlarm')).toMatchObject({
      Threshold: 0,
      Dimensions: [{ Name: 'QueueName', Value: 'mail-dlq' }],
    });
    expect(ofType(template(documentWith({})), 'AWS::CloudWatch::Alarm')).toEqual([]);
  });

  it("lets SNS put what it cannot deliver into the use case's dead letter queue", () => {
    const made = template(documentWith({}));
    expect(PROPERTIES(made, 'MailFromUsersDomainEvents')['RedrivePolicy']).toEqual({
      deadLetterTargetArn: { 'Fn::GetAtt': ['MailDeadLetterQueue', 'Arn'] },
    });
    expect(PROPERTIES(made, 'MailDeadLetterQueuePolicy')).toMatchObject({
      Queues: [{ Ref: 'MailDeadLetterQueue' }],
      PolicyDocument: { Statement: [{ Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage' }] },
    });
  });

  it('has no filter where SNS cannot express one', () => {
    const made = template(documentWith({ queues: [queueWith({ subscriptions: [{ topic: 'users', types: ['*'] }] })] }));
    expect(PROPERTIES(made, 'MailFromUsers')).not.toHaveProperty('FilterPolicy');
  });

  it('of 200 use cases keeps each policy of a role within the size that IAM takes', () => {
    const queues: QueueDocument[] = Array.from({ length: 200 }, (_, n) =>
      queueWith({ name: `use-case-${n}-on-user-registered` }),
    );
    const policies = ofType(template(documentWith({ queues })), 'AWS::IAM::ManagedPolicy');
    expect(policies.length).toBeGreaterThan(3);
    for (const [, { Properties }] of policies) {
      const text = JSON.stringify(Properties['PolicyDocument'])
        .replaceAll('${AWS::Partition}', 'aws-us-gov')
        .replaceAll('${AWS::Region}', 'ap-southeast-1')
        .replaceAll('${AWS::AccountId}', '123456789012')
        .replaceAll(/\{"Fn::Sub":("[^"]*")\}/g, '$1');
      expect(text.length).toBeLessThanOrEqual(6_144);
    }
  });
});

describe('the policies of roles', () => {
  const place = { partition: 'aws', region: 'eu-west-1', account: '123456789012' };
  const policies = (document: TopologyDocument, options: ExportOptions = {}) =>
    iamPoliciesOf(document, options, place) as Record<
      string,
      { Statement: Array<{ Sid: string; Action: string[]; Resource: string[]; Condition?: unknown }> }
    >;

  it('name single queues and topics, and no role may do what it need not', () => {
    const made = policies(
      documentWith({
        publishers: [{ service: 'notifications', topic: 'notifications-domain-events', provisioning: 'create' }],
      }),
    );
    expect(Object.keys(made)).toEqual(['consumer', 'publisher', 'provisioner', 'redriver']);
    expect(made['publisher']?.Statement).toEqual([
      {
        Sid: 'Publish',
        Effect: 'Allow',
        Action: ['sns:Publish'],
        Resource: ['arn:aws:sns:eu-west-1:123456789012:notifications-domain-events'],
      },
    ]);
    const all = Object.values(made).flatMap(({ Statement }) => Statement.flatMap(({ Resource }) => Resource));
    expect(all.filter(arn => arn.includes('*'))).toEqual([]);
    expect(made['consumer']?.Statement.flatMap(({ Action }) => Action)).not.toContain('sqs:CreateQueue');
  });

  it('name the key that they use, an alias by a condition', () => {
    const keyOf = (kmsKeyId: string) =>
      policies(documentWith({}), { kmsKeyId })['consumer']?.Statement.find(({ Sid }) => Sid === 'UseKey');
    expect(keyOf('1234-abcd')?.Resource).toEqual(['arn:aws:kms:eu-west-1:123456789012:key/1234-abcd']);
    expect(keyOf('alias/messages')).toMatchObject({
      Resource: ['arn:aws:kms:eu-west-1:123456789012:key/*'],
      Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': ['alias/messages'] } },
    });
  });
});

describe('a picture', () => {
  it('shows who publishes, what carries it and who takes it', () => {
    const document = documentWith({
      publishers: [{ service: 'notifications', topic: 'notifications-domain-events', provisioning: 'create' }],
    });
    expect(mermaidOf(document)).toBe(
      [
        'flowchart LR',
        '  service1["notifications"]',
        '  topic2{{"notifications-domain-events"}}',
        '  service1 --> topic2',
        '  topic3{{"users-domain-events"}}',
        '  queue4[("mail")]',
        '  topic3 -->|"user.registered"| queue4',
        '  queue4 --> service1',
        '',
      ].join('\n'),
    );
  });
});
