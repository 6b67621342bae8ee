import type { PublishBatchRequestEntry } from '@aws-sdk/client-sns';
import type { OutgoingSnsMessage } from '../interfaces/wire.interface.js';

/** The hot call's input as SNS's API names it. */
export const publishInput = (TopicArn: string, entries: readonly OutgoingSnsMessage[]) => ({
  TopicArn,
  PublishBatchRequestEntries: entries.map(({ id, body, attributes, groupId, deduplicationId }) => {
    const entry: PublishBatchRequestEntry = { Id: id, Message: body, MessageAttributes: attributes };
    if (groupId !== undefined) entry.MessageGroupId = groupId;
    if (deduplicationId !== undefined) entry.MessageDeduplicationId = deduplicationId;
    return entry;
  }),
});
