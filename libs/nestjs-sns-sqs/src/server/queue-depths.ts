import type { QueueDepth } from '../events/observed-parts.js';
import type { SqsControlPlane } from '../interfaces/control-plane.interface.js';

interface Consumed {
  name: string;
  url: string;
  deadLetterQueueUrl: string;
}

type Plane = Pick<SqsControlPlane, 'getQueueAttributes'>;

/** Queues that are asked about at the same time. */
const AT_ONCE = 10;

/** How many messages SQS has in each queue, about. A queue that cannot be asked about is left out. Never rejects. */
export async function depthsOf(queues: readonly Consumed[], plane: Plane): Promise<QueueDepth[]> {
  const depths: QueueDepth[] = [];
  for (let at = 0; at < queues.length; at += AT_ONCE) {
    const answers = await Promise.allSettled(queues.slice(at, at + AT_ONCE).map(queue => depthOf(queue, plane)));
    depths.push(...answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : [])));
  }
  return depths;
}

/** By full queue name, the messages in its dead-letter queue, about. Rejects with what AWS answered. */
export async function deadLettersOf(queues: readonly Consumed[], plane: Plane): Promise<Record<string, number>> {
  const counts: Array<[string, number]> = [];
  for (let at = 0; at < queues.length; at += AT_ONCE) {
    const some = queues.slice(at, at + AT_ONCE);
    counts.push(
      ...(await Promise.all(some.map(async queue => [queue.name, await lettersOf(queue, plane)] as [string, number]))),
    );
  }
  return Object.fromEntries(counts);
}

async function depthOf(queue: Consumed, plane: Plane): Promise<QueueDepth> {
  const [attributes, deadLetters] = await Promise.all([plane.getQueueAttributes(queue.url), lettersOf(queue, plane)]);
  return {
    queue: queue.name,
    visible: count(attributes['ApproximateNumberOfMessages']),
    inFlight: count(attributes['ApproximateNumberOfMessagesNotVisible']),
    delayed: count(attributes['ApproximateNumberOfMessagesDelayed']),
    deadLetters,
  };
}

const lettersOf = async ({ deadLetterQueueUrl }: Consumed, plane: Plane): Promise<number> =>
  count((await plane.getQueueAttributes(deadLetterQueueUrl))['ApproximateNumberOfMessages']);

const count = (text: string | undefined): number => Number(text ?? 0) || 0;
