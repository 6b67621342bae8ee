import { type Input, stringList } from '../input.js';
import type { Operation } from '../operation.js';
import { allowing, readPolicyDocument } from '../policy/policy-document.js';
import { invalidParameter, required } from './errors.js';
import { findTopic } from './find-topic.js';
import { defaultPolicy } from './topic-operations.js';

const ACCOUNT = /^\d{12}$/;

function requiredList(input: Input, key: string): string[] {
  const list = stringList(input, key);
  if (list.length === 0) throw invalidParameter(`${key} Reason: no value for required parameter`);
  return list;
}

/** Adds a statement to the topic's policy under a label (AddPermission API of SNS). */
export const addPermission: Operation = (broker, input) => {
  const topic = findTopic(broker, input);
  const label = required(input, 'Label');
  const accounts = requiredList(input, 'AWSAccountId');
  const actions = requiredList(input, 'ActionName');
  const policy = readPolicyDocument(topic.attributes.get('Policy') ?? defaultPolicy(broker, topic));
  if (policy.Statement.some(({ Sid }) => Sid === label)) throw invalidParameter('Statement already exists');
  if (!accounts.every(account => ACCOUNT.test(account))) throw invalidParameter('Policy statement principal');
  if (!actions.every(action => /^(\*|[A-Z][A-Za-z]+)$/.test(action))) {
    throw invalidParameter('Policy statement action out of service scope!');
  }
  const scoped = actions.map(action => `SNS:${action}`);
  policy.Statement.push(allowing(label, accounts, scoped, topic.arn));
  topic.attributes.set('Policy', JSON.stringify(policy));
  return {};
};

/** Removes the statement with that label, if there is one (RemovePermission API of SNS). */
export const removePermission: Operation = (broker, input) => {
  const topic = findTopic(broker, input);
  const label = required(input, 'Label');
  const policy = readPolicyDocument(topic.attributes.get('Policy') ?? defaultPolicy(broker, topic));
  const Statement = policy.Statement.filter(({ Sid }) => Sid !== label);
  topic.attributes.set('Policy', JSON.stringify({ ...policy, Statement }));
  return {};
};
