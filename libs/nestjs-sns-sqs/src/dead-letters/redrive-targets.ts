import { errorText } from '../errors/aws-errors.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { FullName } from '../interfaces/names.interface.js';
import { deadLetterQueue, isFifoName, nameOfUrl } from '../topology/names.js';
import { aws, urlOf, type QueueFacts } from './dead-letter-queue.js';
import type { DeadLetterPlane } from './dead-letter-plane.js';
import type { Letter } from './letter.js';
import type { Target } from './successor.js';

const unknownTarget = (queue: FullName, why: string): SnsSqsError =>
  new SnsSqsError('REDRIVE_TARGET_UNKNOWN', {
    problem: `Letters of ${queue} have no queue to go back to: ${why}`,
    remedy: 'give the option `to` with the full name of a queue of the same kind',
    facts: { queue },
  });

/** `orders-dlq` → `orders`; undefined for another name. */
function sourceByName(queue: FullName): FullName | undefined {
  const name = queue.replace(/-dlq(\.fifo)?$/, '$1');
  return deadLetterQueue(name) === queue ? name : undefined;
}

/** Finds the queue that each letter came from, once per queue. */
export class RedriveTargets {
  private readonly targets = new Map<FullName, Promise<Target>>();
  private fallback: Promise<FullName> | undefined;

  /** @param to full name of the queue that all letters go to. @default the queue that each letter comes from */
  constructor(
    private readonly plane: DeadLetterPlane,
    private readonly queue: QueueFacts,
    private readonly to: FullName | undefined,
  ) {}

  /** Rejects with REDRIVE_TARGET_UNKNOWN or QUEUE_NOT_FOUND. */
  async of({ source }: Pick<Letter, 'source'>): Promise<Target> {
    const name = this.to ?? source ?? (await (this.fallback ??= this.sourceOfQueue()));
    let target = this.targets.get(name);
    if (!target) {
      target = this.find(name);
      this.targets.set(name, target);
    }
    return target;
  }

  /** For a forecast: the name of the queue, or why there is none. Never rejects. */
  async nameFor(letter: Pick<Letter, 'source'>): Promise<{ name: FullName | undefined; why: string | undefined }> {
    try {
      return { name: (await this.of(letter)).name, why: undefined };
    } catch (error) {
      return { name: undefined, why: errorText(error) };
    }
  }

  private async find(name: FullName): Promise<Target> {
    const fifo = isFifoName(name);
    if (fifo !== this.queue.fifo) {
      throw unknownTarget(this.queue.name, `${name} is ${fifo ? 'FIFO' : 'standard'}, and the letters are not`);
    }
    if (name === this.queue.name) throw unknownTarget(this.queue.name, `${name} is the dead-letter queue itself`);
    return { name, fifo, url: await urlOf(this.plane, name) };
  }

  /** Of letters that do not name their queue. */
  private async sourceOfQueue(): Promise<FullName> {
    const { name, url } = this.queue;
    const byName = sourceByName(name);
    if (byName !== undefined) return byName;
    const sources = await aws('ListDeadLetterSourceQueues', name, () => this.plane.listSources(url));
    const [source, ...others] = sources;
    if (source !== undefined && others.length === 0) return nameOfUrl(source);
    throw unknownTarget(
      name,
      source === undefined
        ? 'they do not name one, and no queue names this one as its dead-letter queue'
        : `they do not name one, and ${sources.length} queues share this dead-letter queue`,
    );
  }
}
