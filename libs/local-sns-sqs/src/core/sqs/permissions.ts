import { invalidParameterValue, overLimit } from '../errors.js';
import { isRecord, requiredList, requiredString } from '../input.js';
import type { Operation } from '../operation.js';
import { findQueue } from './find-queue.js';

const LABEL = /^[A-Za-z0-9_-]{1,80}$/;
/** What an owner can share; the batch versions are allowed with their single ones. */
const SHAREABLE: ReadonlySet<string> = new Set([
  '*',
  'ChangeMessageVisibility',
  'DeleteMessage',
  'GetQueueAttributes',
  'GetQueueUrl',
  'ListDeadLetterSourceQueues',
  'PurgeQueue',
  'ReceiveMessage',
  'SendMessage',
]);
const MOST_ACTIONS = 7;
const MOST_STATEMENTS = 20;

interface Policy {
  Version: string;
  Id?: string;
  Statement: Array<Record<string, unknown>>;
}

function readPolicy(text: string | undefined, arn: string): Policy {
  const parsed: unknown = text ? JSON.parse(text) : undefined;
  if (!isRecord(parsed)) return { Version: '2008-10-17', Id: `${arn}/SQSDefaultPolicy`, Statement: [] };
  const statements = parsed['Statement'];
  return {
    ...(parsed as unknown as Policy),
    Statement: (Array.isArray(statements) ? statements : [statements]).filter(isRecord),
  };
}

const oneOrMany = (values: string[]): string | string[] => (values.length === 1 && values[0] ? values[0] : values);

/** Adds a statement to the queue's policy under a label (AddPermission API). */
export const addPermission: Operation = (broker, input) => {
  const queue = findQueue(broker, input);
  const label = requiredString(input, 'Label');
  const accounts = requiredList(input, 'AWSAccountIds');
  const actions = requiredList(input, 'Actions');
  if (!LABEL.test(label)) throw invalidParameterValue(`Value ${label} for parameter Label is invalid.`);
  const unsound = accounts.find(account => !/^\d{12}$/.test(account));
  if (unsound !== undefined) {
    throw invalidParameterValue(`Value ${unsound} for parameter PrincipalId is invalid. Reason: Unable to verify.`);
  }
  const unshareable = actions.find(action => !SHAREABLE.has(action));
  if (unshareable !== undefined) {
    throw invalidParameterValue(
      `Value SQS:${unshareable} for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.`,
    );
  }
  if (actions.length > MOST_ACTIONS) {
    throw overLimit(`${actions.length} Actions were found, maximum allowed is ${MOST_ACTIONS}.`);
  }
  const policy = readPolicy(queue.attributes.get('Policy'), queue.arn);
  if (policy.Statement.some(({ Sid }) => Sid === label)) {
    throw invalidParameterValue(`Value ${label} for parameter Label is invalid. Reason: Already exists.`);
  }
  if (policy.Statement.length >= MOST_STATEMENTS) {
    throw overLimit(`${policy.Statement.length + 1} Statements were found, maximum allowed is ${MOST_STATEMENTS}.`);
  }
  policy.Statement.push({
    Sid: label,
    Effect: 'Allow',
    Principal: { AWS: oneOrMany(accounts.map(account => `arn:aws:iam::${account}:root`)) },
    Action: oneOrMany(actions.map(action => `SQS:${action}`)),
    Resource: queue.arn,
  });
  queue.attributes.set('Policy', JSON.stringify(policy));
  queue.attributesChanged();
  return {};
};

/** Removes the statement with that label (RemovePermission API). */
export const removePermission: Operation = (broker, input) => {
  const queue = findQueue(broker, input);
  const label = requiredString(input, 'Label');
  const policy = readPolicy(queue.attributes.get('Policy'), queue.arn);
  const rest = policy.Statement.filter(({ Sid }) => Sid !== label);
  if (rest.length === policy.Statement.length) {
    throw invalidParameterValue(`Value ${label} for parameter Label is invalid. Reason: can't find label.`);
  }
  if (rest.length === 0) queue.attributes.delete('Policy');
  else queue.attributes.set('Policy', JSON.stringify({ ...policy, Statement: rest }));
  queue.attributesChanged();
  return {};
};
