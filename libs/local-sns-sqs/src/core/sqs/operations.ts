import type { Operation } from '../operation.js';
import { changeMessageVisibility, changeMessageVisibilityBatch } from './change-message-visibility.js';
import { createQueue } from './create-queue.js';
import { deleteMessage, deleteMessageBatch } from './delete-message.js';
import { deleteQueue, getQueueUrl, listQueues, purgeQueue } from './manage-queues.js';
import { listDeadLetterSourceQueues } from './list-dead-letter-source-queues.js';
import { cancelMessageMoveTask, listMessageMoveTasks, startMessageMoveTask } from './message-move-tasks.js';
import { addPermission, removePermission } from './permissions.js';
import { getQueueAttributes, setQueueAttributes } from './queue-attributes.js';
import { receiveMessage } from './receive-message.js';
import { sendMessage, sendMessageBatch } from './send-message.js';
import { listQueueTags, tagQueue, untagQueue } from './tag-queue.js';

export const SQS_OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ['AddPermission', addPermission],
  ['CancelMessageMoveTask', cancelMessageMoveTask],
  ['ChangeMessageVisibility', changeMessageVisibility],
  ['ChangeMessageVisibilityBatch', changeMessageVisibilityBatch],
  ['CreateQueue', createQueue],
  ['DeleteMessage', deleteMessage],
  ['DeleteMessageBatch', deleteMessageBatch],
  ['DeleteQueue', deleteQueue],
  ['GetQueueAttributes', getQueueAttributes],
  ['GetQueueUrl', getQueueUrl],
  ['ListDeadLetterSourceQueues', listDeadLetterSourceQueues],
  ['ListMessageMoveTasks', listMessageMoveTasks],
  ['ListQueueTags', listQueueTags],
  ['ListQueues', listQueues],
  ['PurgeQueue', purgeQueue],
  ['ReceiveMessage', receiveMessage],
  ['RemovePermission', removePermission],
  ['SendMessage', sendMessage],
  ['SendMessageBatch', sendMessageBatch],
  ['SetQueueAttributes', setQueueAttributes],
  ['StartMessageMoveTask', startMessageMoveTask],
  ['TagQueue', tagQueue],
  ['UntagQueue', untagQueue],
]);
