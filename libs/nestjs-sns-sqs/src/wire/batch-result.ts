import type { BatchResult } from '../interfaces/wire.interface.js';

/** The lean wire hands on what a server wrote, `null` for an empty list too. */
interface SdkBatchOutput {
  Successful?: ReadonlyArray<{ Id?: string | undefined; MessageId?: string | undefined }> | undefined | null;
  Failed?:
    | ReadonlyArray<{
        Id?: string | undefined;
        Code?: string | undefined;
        Message?: string | undefined;
        SenderFault?: boolean | undefined;
      }>
    | undefined
    | null;
}

/** The SDK's answer as ours. An entry that the answer does not mention has failed: nobody said that it worked. */
export function toBatchResult(ids: readonly string[], { Successful, Failed }: SdkBatchOutput): BatchResult {
  const successful = (Successful ?? []).map(({ Id = '', MessageId }) =>
    MessageId === undefined ? { id: Id } : { id: Id, messageId: MessageId },
  );
  const failed = (Failed ?? []).map(({ Id = '', Code = 'Unknown', Message = '', SenderFault = false }) => ({
    id: Id,
    code: Code,
    message: Message,
    senderFault: SenderFault,
  }));
  // As a rule the answer is in the order of the entries.
  if (ids.length === successful.length && ids.every((id, at) => successful[at]?.id === id))
    return { successful, failed };
  const answered = new Set([...successful, ...failed].map(({ id }) => id));
  for (const id of ids) {
    if (!answered.has(id)) failed.push({ id, code: 'NoResult', message: 'AWS gave no result', senderFault: false });
  }
  return { successful, failed };
}
