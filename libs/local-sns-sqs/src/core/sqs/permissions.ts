import { invalidParameterValue, overLimit } from '../errors.js';
import { requiredList, requiredString } from '../input.js';
import type { Operation } from '../operation.js';
import { allowing, type PolicyDocument, readPolicyDocument } from '../policy/policy-document.js';
import type { Queue } from '../queue/queue.js';
import { findQueue } from './find-queue.js';

const LABEL = /^[A-Za-z0-9_-]{1,80}$/;
/** "The name of any action or *"; the batch versions are allowed with their single ones. */
const ACTION =
  /^(\*|(Add|Remove)Permission|(Cancel|Start)MessageMoveTask|ChangeMessageVisibility(Batch)?|(Create|Delete|Purge|Tag|Untag)Queue|DeleteMessage(Batch)?|(Get|Set)QueueAttributes|GetQueueUrl|List(DeadLetterSourceQueues|MessageMoveTasks|Queues|QueueTags)|ReceiveMessage|SendMessage(Batch)?)$/;
/** Cross-account permissions do not apply to these (AddPermission API). */
const OWNER_ONLY: ReadonlySet<string> = new Set([
  'AddPermission',
  'CancelMessageMoveTask',
  'CreateQueue',
  'DeleteQueue',
  'ListMessageMoveTasks',
  'ListQueues',
  'ListQueueTags',
  'RemovePermission',
  'SetQueueAttributes',
  'StartMessageMoveTask',
  'TagQueue',
  'UntagQueue',
]);
const MAX_ACTIONS = 7;
const MAX_STATEMENTS = 20;

const policyOf = ({ attributes, arn }: Queue): PolicyDocument => {
  const text = attributes.get('Policy');
  return text ? readPolicyDocument(text) : { Version: '2008-10-17', Id: `${arn}/SQSDefaultPolicy`, Statement: [] };
};

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
  const unknown = actions.find(action => !ACTION.test(action));
  if (unknown !== undefined) {
    throw invalidParameterValue(
      `Value SQS:${unknown} for parameter ActionName is invalid. Reason: Please refer to the appropriate WSDL for a list of valid actions.`,
    );
  }
  const ownerOnly = actions.find(action => OWNER_ONLY.has(action));
  if (ownerOnly !== undefined) {
    throw invalidParameterValue(
      `Value SQS:${ownerOnly} for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.`,
    );
  }
  if (actions.length > MAX_ACTIONS) {
    throw overLimit(`${actions.length} Actions were found, maximum allowed is ${MAX_ACTIONS}.`);
  }
  const policy = policyOf(queue);
  if (policy.Statement.some(({ Sid }) => Sid === label)) {
    throw invalidParameterValue(`Value ${label} for parameter Label is invalid. Reason: Already exists.`);
  }
  if (policy.Statement.length >= MAX_STATEMENTS) {
    throw overLimit(`${policy.Statement.length + 1} Statements were found, maximum allowed is ${MAX_STATEMENTS}.`);
  }
  const scoped = actions.map(action => `SQS:${action}`);
  policy.Statement.push(allowing(label, accounts, scoped, queue.arn));
  queue.attributes.set('Policy', JSON.stringify(policy));
  queue.attributesChanged();
  return {};
};

/** Removes the statement with that label (RemovePermission API). */
export const removePermission: Operation = (broker, input) => {
  const queue = findQueue(broker, input);
  const label = requiredString(input, 'Label');
  const policy = policyOf(queue);
  const rest = policy.Statement.filter(({ Sid }) => Sid !== label);
  if (rest.length === policy.Statement.length) {
    throw invalidParameterValue(`Value ${label} for parameter Label is invalid. Reason: can't find label.`);
  }
  if (rest.length === 0) queue.attributes.delete('Policy');
  else queue.attributes.set('Policy', JSON.stringify({ ...policy, Statement: rest }));
  queue.attributesChanged();
  return {};
};
