import { isQueueMissing } from '../errors/aws-errors.js';
import type { SqsWire } from '../interfaces/wire.interface.js';

/** The same wire; `onMissing` is called when what is sent has no queue to go to: a copy, and no dead-letter queue. */
export const noticingMissingQueues = (wire: SqsWire, onMissing: () => void): SqsWire => ({
  receive: request => wire.receive(request),
  deleteBatch: (queueUrl, entries) => wire.deleteBatch(queueUrl, entries),
  changeVisibilityBatch: (queueUrl, entries) => wire.changeVisibilityBatch(queueUrl, entries),
  async sendBatch(queueUrl, entries) {
    try {
      return await wire.sendBatch(queueUrl, entries);
    } catch (error) {
      if (isQueueMissing(error)) onMissing();
      throw error;
    }
  },
});
