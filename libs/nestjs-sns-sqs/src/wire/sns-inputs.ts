import type { OutgoingSnsMessage } from '../interfaces/wire.interface.js';

/** The hot call's input as SNS's API names it. */
export const publishInput = (TopicArn: string, entries: readonly OutgoingSnsMessage[]) => ({
  TopicArn,
  PublishBatchRequestEntries: entries.map(({ id, body, attributes, groupId, deduplicationId }) => ({
    Id: id,
    Message: body,
    MessageAttributes: attributes,
    ...(groupId !== undefined && { MessageGroupId: groupId }),
    ...(deduplicationId !== undefined && { MessageDeduplicationId: deduplicationId }),
  })),
});
