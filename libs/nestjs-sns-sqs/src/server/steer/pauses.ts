import type { LoggerService } from '@nestjs/common';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { announce } from '../../events/diagnostics.js';

/** A queue's consumer, as far as it can be paused. */
export interface Pausable {
  /** Full name of the queue whose handlers it calls; it may itself drain a former name of that queue. */
  readonly useCase: string;
  pause(): Promise<void>;
  resume(): void;
}

export interface PausesOptions {
  prefix: string;
  /** Full names of the queues that handlers name. */
  queues: () => readonly string[];
  /** Those that exist; none before the start. */
  consumers: () => readonly Pausable[];
  logger: Pick<LoggerService, 'log'>;
}

/** Which queues of a server are paused. A pause that is asked for before the start holds from the start on. */
export class Pauses {
  private readonly paused = new Set<string>();

  constructor(private readonly options: PausesOptions) {}

  /** Full names of the queues that can be paused. */
  get names(): readonly string[] {
    return this.named(undefined);
  }

  isPaused(name: string): boolean {
    return this.paused.has(name);
  }

  /** Pauses or resumes one queue, by its full name, as another process has. */
  follow(name: string, isPaused: boolean): void {
    this.set(name, isPaused);
    for (const consumer of this.consumersOf([name])) {
      if (isPaused) void consumer.pause();
      else consumer.resume();
    }
  }

  async pause(queue?: string): Promise<void> {
    const names = this.named(queue);
    for (const name of names) this.set(name, true);
    await Promise.all(this.consumersOf(names).map(consumer => consumer.pause()));
  }

  resume(queue?: string): void {
    const names = this.named(queue);
    for (const name of names) this.set(name, false);
    for (const consumer of this.consumersOf(names)) consumer.resume();
  }

  /** Of consumers that were just made. */
  apply(): void {
    for (const consumer of this.consumersOf([...this.paused])) void consumer.pause();
  }

  private set(name: string, isPaused: boolean): void {
    if (this.paused.has(name) === isPaused) return;
    if (isPaused) this.paused.add(name);
    else this.paused.delete(name);
    this.options.logger.log(`${name} is ${isPaused ? 'paused' : 'received again'}`);
    announce('paused', { queue: name, isPaused });
  }

  private consumersOf(names: readonly string[]): Pausable[] {
    return this.options.consumers().filter(({ useCase }) => names.includes(useCase));
  }

  /** Full names. Throws INVALID_NAME. */
  named(queue: string | undefined): readonly string[] {
    const { prefix, queues } = this.options;
    const known = [...new Set(queues())];
    if (queue === undefined) return known;
    const name = [`${prefix}${queue}`, queue].find(each => known.includes(each));
    if (name !== undefined) return [name];
    throw new SnsSqsError('INVALID_NAME', {
      problem: `No handler consumes a queue ${queue}`,
      remedy: `name one of ${known.join(', ') || '(none)'}`,
      facts: { queue },
    });
  }
}
