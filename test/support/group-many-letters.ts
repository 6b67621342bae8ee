// Groups the letters of a queue that makes them as they are read, and tells what it took: one JSON object. The argument is
// their number. `node --max-old-space-size=…` says how much memory it may have.
import { DeadLetterDesk } from 'nestjs-sns-sqs/dead-letters';

/** What the script tells. */
export interface Grouped {
  read: number;
  groups: number;
  /** Letters in the groups. */
  counted: number;
  progress: number;
  /** In MB. */
  peakHeap: number;
}

const TOTAL = Number(process.argv[2]);
const BODY = 'x'.repeat(4_096);
/** As long as AWS's. */
const HANDLE = 'h'.repeat(340);
const BATCH = 10;
const KINDS = 1_500;
const MB = 1024 * 1024;

let made = 0;
let [progress, peakHeap] = [0, 0];
const string = (StringValue: string) => ({ DataType: 'String', StringValue });

function letter() {
  const at = made++;
  const id = `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
  const event = { specversion: '1.0', id, source: 'shop', type: 'order.placed', subject: id, data: { at, BODY } };
  return {
    MessageId: id,
    ReceiptHandle: `${HANDLE}${at}`,
    Body: JSON.stringify(event),
    Attributes: { SentTimestamp: String(1_700_000_000_000 + at) },
    MessageAttributes: {
      type: string('order.placed'),
      // Each is one of its own but for its ids, and there are more kinds than the desk keeps apart.
      'deadletter.reason': string(`order ${id} of ${at}: ${String.fromCharCode(97 + (at % KINDS))} is missing`),
      'deadletter.error': string(`Error${at % KINDS}`),
      'deadletter.queue': string('orders'),
    },
  };
}

const none = { failed: [] };
const plane = {
  receive: () => Promise.resolve(Array.from({ length: Math.min(BATCH, TOTAL - made) }, letter)),
  deleteBatch: () => Promise.reject(new Error('looking deletes nothing')),
  changeVisibilityBatch: () => Promise.resolve(none),
  sendBatch: () => Promise.reject(new Error('looking sends nothing')),
  getQueueUrl: () => Promise.resolve('https://sqs/1/orders-dlq'),
  getQueueAttributes: () =>
    Promise.resolve({ ApproximateNumberOfMessages: String(TOTAL), MessageRetentionPeriod: '1209600' }),
  listQueues: () => Promise.resolve([]),
  listSources: () => Promise.resolve([]),
};

const desk = new DeadLetterDesk({}, { plane: plane as never });
const { groups, coverage } = await desk.groups('orders-dlq', {
  onProgress: () => {
    progress += 1;
    peakHeap = Math.max(peakHeap, process.memoryUsage().heapUsed);
  },
});
desk.close();
const result: Grouped = {
  read: coverage.read,
  groups: groups.length,
  counted: groups.reduce((sum, { count }) => sum + count, 0),
  progress,
  peakHeap: Math.round(peakHeap / MB),
};
process.stdout.write(JSON.stringify(result));
