import { abortController } from '../../async/abort.js';
import { backoffMs } from '../../async/backoff.js';
import { pause } from '../../async/pause.js';
import { fromAwsError, isQueueMissing, isTopicMissing } from '../../errors/aws-errors.js';
import { throughFaults, type Tries } from '../../wire/through-faults.js';

export interface TargetOptions {
  /** Looks the topic or queue up, or makes it: a topic's ARN, a queue's URL. */
  resolve: () => Promise<string>;
  /** `resolve` makes what is missing. */
  makes: boolean;
  /** For error messages: `PublishBatch` on `users-domain-events`. */
  operation: string;
  name: string;
  tries: Tries;
}

/** AWS does not know a new queue for at least a second (CreateQueue API); then it is given up, in milliseconds. */
const NEW_WITHIN_MS = 10_000;
const NEW_BACKOFF_MS = { initial: 100, max: 1_000 };

/**
 * The topic or queue that a client publishes to. It is found at the first use, and forgotten when AWS says that it does
 * not exist: the next use looks again, and makes it again where it may.
 */
export class Target {
  private found: string | undefined;
  private looking: Promise<string> | undefined;
  private searching: Promise<string> | undefined;
  private readonly stopping = abortController();

  constructor(private readonly options: TargetOptions) {}

  get isKnown(): boolean {
    return this.found !== undefined;
  }

  /**
   * Resolves to the ARN or URL. A failure that may pass is tried again, as often as a publish is; none is remembered.
   * One that joins the tries of another and fails with them has its own.
   */
  async find(): Promise<string> {
    const joined = this.found === undefined ? this.searching : undefined;
    const target = this.found ?? (await joined?.catch(() => undefined));
    return target ?? this.search();
  }

  /** Runs with the ARN or URL. Rejects with what `run` throws, having forgotten what AWS says is missing. */
  async use<T>(run: (target: string) => Promise<T>): Promise<T> {
    let giveUpAt: number | undefined;
    for (let attempt = 1; ; attempt += 1) {
      const target = this.found ?? (await this.look());
      try {
        return await run(target);
      } catch (error) {
        if (!isQueueMissing(error) && !isTopicMissing(error)) throw error;
        if (this.found === target) this.found = undefined;
        // Made again, it may stay unknown for a moment. Without `create` the caller's own tries decide.
        giveUpAt ??= performance.now() + NEW_WITHIN_MS;
        if (!this.options.makes || performance.now() >= giveUpAt) throw error;
        await pause(backoffMs(NEW_BACKOFF_MS, attempt, this.options.tries.random), this.stopping.signal);
        if (this.stopping.signal.aborted) throw error;
      }
    }
  }

  /** Nothing is tried again from now on. */
  stop(): void {
    this.stopping.abort();
  }

  private search(): Promise<string> {
    this.searching ??= throughFaults(() => this.look(), this.options.tries, this.stopping.signal).finally(() => {
      this.searching = undefined;
    });
    return this.searching;
  }

  /** One try, for all that ask meanwhile. */
  private look(): Promise<string> {
    this.looking ??= this.resolve().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  private async resolve(): Promise<string> {
    try {
      this.found = await this.options.resolve();
      return this.found;
    } catch (error) {
      throw fromAwsError(error, this.options.operation, this.options.name);
    }
  }
}
