import type { Broker } from '../broker.js';
import { AwsError, invalidParameterValue, invalidValue } from '../errors.js';
import { isRecord, optionalInteger, optionalString, requiredString } from '../input.js';
import type { Operation } from '../operation.js';
import type { Queue } from '../queue/queue.js';
import { MAX_PER_SECOND, MoveTask } from './move-task.js';

const MAX_RESULTS = 10;

const notFound = (message: string): AwsError =>
  new AwsError('ResourceNotFoundException', message, { queryStatus: 404 });

const resourceNotFound = (what: string, hint: string): AwsError =>
  notFound(`The resource that you specified for the ${what} parameter doesn't exist.${hint}`);

function queueOf(broker: Broker, arn: string, parameter: string): Queue {
  if (!/^arn:aws[\w-]*:sqs:[\w-]+:\d{12}:[A-Za-z0-9_.-]+$/.test(arn)) {
    throw invalidParameterValue(
      'You must use this format to specify the ARN: arn:<partition>:<service>:<region>:<account-id>:<resource-id>',
    );
  }
  const queue = broker.queueByArn(arn);
  if (!queue) throw resourceNotFound(parameter, broker.elsewhere(arn));
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
  if (perSecond !== undefined && (perSecond < 1 || perSecond > MAX_PER_SECOND)) {
    throw invalidValue(perSecond, 'MaxNumberOfMessagesPerSecond', `Must be between 1 and ${MAX_PER_SECOND}.`);
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
    throw invalidParameterValue(
      'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
    );
  }
  const task = new MoveTask(broker, broker.ids.uuid(), source, destination?.arn, perSecond);
  broker.moveTasks.unshift(task);
  return { TaskHandle: task.handle };
};

/** The latest first (ListMessageMoveTasks API). */
export const listMessageMoveTasks: Operation = (broker, input) => {
  const source = queueOf(broker, requiredString(input, 'SourceArn'), 'SourceArn');
  const max = optionalInteger(input, 'MaxResults') ?? 1;
  if (max < 1 || max > MAX_RESULTS) throw invalidValue(max, 'MaxResults', `Must be between 1 and ${MAX_RESULTS}.`);
  const tasks = broker.moveTasks.filter(task => task.source === source);
  return { Results: tasks.slice(0, max).map(task => task.describe()) };
};

interface TaskHandle {
  taskId: string;
  sourceArn: string;
}

function readHandle(handle: string): TaskHandle | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(handle, 'base64').toString('utf8'));
    if (!isRecord(parsed)) return undefined;
    const { taskId, sourceArn } = parsed;
    return typeof taskId === 'string' && typeof sourceArn === 'string' ? { taskId, sourceArn } : undefined;
  } catch {
    return undefined;
  }
}

/** What has been moved stays moved (CancelMessageMoveTask API). */
export const cancelMessageMoveTask: Operation = (broker, input) => {
  const handle = readHandle(requiredString(input, 'TaskHandle'));
  if (handle === undefined) throw invalidParameterValue('Value for parameter TaskHandle is invalid.');
  const source = queueOf(broker, handle.sourceArn, 'SourceArn');
  const task = broker.moveTasks.find(each => each.id === handle.taskId && each.source === source);
  if (!task) throw notFound('Task does not exist.');
  if (task.status !== 'RUNNING') throw notFound('Only a task in status RUNNING can be cancelled.');
  task.cancel();
  return { ApproximateNumberOfMessagesMoved: task.moved };
};
