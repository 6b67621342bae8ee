import type { Broker } from '../broker.js';
import { AwsError, invalidParameterValue, invalidValue, unsupportedOperation } from '../errors.js';
import { isRecord, optionalInteger, optionalString, requiredString } from '../input.js';
import type { Operation } from '../operation.js';
import type { Queue } from '../queue/queue.js';
import { MOST_PER_SECOND, MoveTask } from './move-task.js';

const MOST_RESULTS = 10;

const resourceNotFound = (what: string): AwsError =>
  new AwsError(
    'ResourceNotFoundException',
    `The resource that you specified for the ${what} parameter doesn't exist.`,
    {
      status: 404,
    },
  );

function queueOf(broker: Broker, arn: string, parameter: string): Queue {
  if (!/^arn:aws[\w-]*:sqs:[\w-]+:\d{12}:[A-Za-z0-9_.-]+$/.test(arn)) {
    throw invalidParameterValue(
      'You must use this format to specify the ARN: arn:<partition>:<service>:<region>:<account-id>:<resource-id>',
    );
  }
  const queue = broker.queueByArn(arn);
  if (!queue) throw resourceNotFound(parameter);
  return queue;
}

const isDeadLetterQueue = (broker: Broker, { arn }: Queue): boolean =>
  [...broker.queues.values()].some(({ redrive }) => redrive?.deadLetterTargetArn === arn);

/** One active task per source; only from a queue that is another's dead letter queue (StartMessageMoveTask API). */
export const startMessageMoveTask: Operation = (broker, input) => {
  const source = queueOf(broker, requiredString(input, 'SourceArn'), 'SourceArn');
  const destinationArn = optionalString(input, 'DestinationArn');
  const destination = destinationArn === undefined ? undefined : queueOf(broker, destinationArn, 'DestinationArn');
  const perSecond = optionalInteger(input, 'MaxNumberOfMessagesPerSecond');
  if (perSecond !== undefined && (perSecond < 1 || perSecond > MOST_PER_SECOND)) {
    throw invalidValue(perSecond, 'MaxNumberOfMessagesPerSecond', `Must be between 1 and ${MOST_PER_SECOND}.`);
  }
  if (!isDeadLetterQueue(broker, source)) {
    throw invalidParameterValue('Source queue must be configured as a Dead Letter Queue.');
  }
  if (destination === source)
    throw invalidParameterValue('Source queue arn and destination queue arn cannot be the same.');
  if (destination && destination.fifo !== source.fifo) {
    throw invalidParameterValue('Source queue and destination queue must be of the same type.');
  }
  if (broker.moveTasks.some(task => task.source === source && task.status === 'RUNNING')) {
    throw unsupportedOperation(
      'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
    );
  }
  const task = new MoveTask(broker, broker.ids.uuid(), source, destination, perSecond);
  broker.moveTasks.unshift(task);
  return { TaskHandle: task.handle };
};

/** The latest first (ListMessageMoveTasks API). */
export const listMessageMoveTasks: Operation = (broker, input) => {
  const source = queueOf(broker, requiredString(input, 'SourceArn'), 'SourceArn');
  const max = optionalInteger(input, 'MaxResults') ?? 1;
  if (max < 1 || max > MOST_RESULTS) throw invalidValue(max, 'MaxResults', `Must be between 1 and ${MOST_RESULTS}.`);
  const tasks = broker.moveTasks.filter(task => task.source === source);
  return { Results: tasks.slice(0, max).map(task => task.describe()) };
};

function taskIdOf(handle: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(handle, 'base64').toString('utf8'));
    return isRecord(parsed) ? optionalString(parsed, 'taskId') : undefined;
  } catch {
    return undefined;
  }
}

/** What has been moved stays moved (CancelMessageMoveTask API). */
export const cancelMessageMoveTask: Operation = (broker, input) => {
  const id = taskIdOf(requiredString(input, 'TaskHandle'));
  if (id === undefined) throw invalidParameterValue('Value for parameter TaskHandle is invalid.');
  const task = broker.moveTasks.find(each => each.id === id);
  if (!task || task.status !== 'RUNNING') throw resourceNotFound('TaskHandle');
  task.cancel();
  return { ApproximateNumberOfMessagesMoved: task.moved };
};
