import { CreateTopicCommand, SubscribeCommand, type SNSClient } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  SetQueueAttributesCommand,
  GetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type {
  CloudFormationResource,
  CloudFormationTemplate,
} from '../../libs/nestjs-sns-sqs/src/topology/export/cloudformation.js';
import { waitFor } from './wait-for.js';

const ACCOUNT = '000000000000';

interface Made {
  ref: string;
  arn: string;
}

/** An attribute as SQS and SNS take it. */
const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const attributesOf = (properties: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, text(value)]));

/**
 * Carries a template out, one call for each resource, as CloudFormation would: for endpoints that have none. Knows what
 * our templates use. Alarms and policies of roles are looked at and not made.
 */
export async function deployByHand(
  template: CloudFormationTemplate,
  { sqs, sns, region }: { sqs: SQSClient; sns: SNSClient; region: string },
): Promise<void> {
  const made = new Map<string, Made>();
  const pseudo = (name: string): string =>
    ({ 'AWS::Partition': 'aws', 'AWS::Region': region, 'AWS::AccountId': ACCOUNT })[name] ?? `?${name}?`;
  const known = (id: string): Made => {
    const found = made.get(id);
    if (!found) throw new Error(`${id} is used before it is made`);
    return found;
  };
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [[name, argument] = ['', undefined]] = entries as Array<[string, unknown]>;
    const list = argument as unknown[];
    if (name === 'Ref') return known(argument as string).ref;
    if (name === 'Fn::GetAtt') return known(list[0] as string).arn;
    if (name === 'Fn::Sub') return (argument as string).replaceAll(/\$\{([^}]+)\}/g, (_, each: string) => pseudo(each));
    if (name === 'Fn::Join') return (resolve(list[1]) as string[]).join(list[0] as string);
    if (name === 'Fn::Split') return (resolve(list[1]) as string).split(list[0] as string);
    if (name === 'Fn::Select') return (resolve(list[1]) as string[])[list[0] as number];
    return Object.fromEntries(entries.map(([key, inner]) => [key, resolve(inner)]));
  };
  for (const [id, resource] of Object.entries(template.Resources)) {
    const Properties = resolve(resource.Properties) as Record<string, unknown>;
    const result = await make(resource.Type, Properties, { sqs, sns });
    if (result) made.set(id, result);
  }
}

async function make(
  type: CloudFormationResource['Type'],
  properties: Record<string, unknown>,
  { sqs, sns }: { sqs: SQSClient; sns: SNSClient },
): Promise<Made | undefined> {
  if (type === 'AWS::SNS::Topic') {
    const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: text(properties['TopicName']) }));
    return { ref: TopicArn, arn: TopicArn };
  }
  if (type === 'AWS::SQS::Queue') {
    const { QueueName, Tags = [], ...Attributes } = properties;
    const tags = Object.fromEntries(
      (Tags as Array<{ Key: string; Value: string }>).map(({ Key, Value }) => [Key, Value]),
    );
    const command = new CreateQueueCommand({ QueueName: text(QueueName), Attributes: attributesOf(Attributes), tags });
    const { QueueUrl = '' } = await sqs.send(command);
    const { Attributes: found = {} } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
    );
    return { ref: QueueUrl, arn: found['QueueArn'] ?? '' };
  }
  if (type === 'AWS::SNS::Subscription') {
    const { TopicArn, Protocol, Endpoint, ...Attributes } = properties;
    const { SubscriptionArn = '' } = await sns.send(
      new SubscribeCommand({
        TopicArn: text(TopicArn),
        Protocol: text(Protocol),
        Endpoint: text(Endpoint),
        Attributes: attributesOf(Attributes),
        ReturnSubscriptionArn: true,
      }),
    );
    return { ref: SubscriptionArn, arn: SubscriptionArn };
  }
  if (type === 'AWS::SQS::QueuePolicy') {
    for (const QueueUrl of properties['Queues'] as string[]) {
      const Attributes = { Policy: text(properties['PolicyDocument']) };
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
    }
    return undefined;
  }
  if (type !== 'AWS::CloudWatch::Alarm' && type !== 'AWS::IAM::ManagedPolicy') throw new Error(`${type} is not known`);
  return { ref: '', arn: '' };
}

/** Gives the text of a template to the endpoint's own CloudFormation, and waits for the stack. */
export async function deployByCloudFormation(
  template: string,
  { endpoint, stack, region }: { endpoint: string; stack: string; region: string },
): Promise<void> {
  const call = async (parameters: Record<string, string>): Promise<string> => {
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/cloudformation/aws4_request, SignedHeaders=host, Signature=none`,
      },
      body: new URLSearchParams({ Version: '2010-05-15', StackName: stack, ...parameters }).toString(),
    });
    const body = await answer.text();
    if (!answer.ok) throw new Error(`${parameters['Action']}: ${answer.status} ${body}`);
    return body;
  };
  await call({ Action: 'CreateStack', TemplateBody: template, 'Capabilities.member.1': 'CAPABILITY_IAM' });
  await waitFor(
    `the stack ${stack}`,
    async () => {
      const body = await call({ Action: 'DescribeStacks' });
      const [, status = ''] = /<StackStatus>(\w+)</.exec(body) ?? [];
      if (/FAILED|ROLLBACK/.test(status)) throw new Error(await call({ Action: 'DescribeStackEvents' }));
      return status === 'CREATE_COMPLETE';
    },
    60_000,
  );
}
