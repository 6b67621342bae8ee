import type { Cluster, Redis } from 'ioredis';
import { inTime } from '../async/in-time.js';
import { isReadOnly } from './redis-errors.js';
import type { RedisScript } from './redis-script.js';

export interface RedisCall {
  script: RedisScript;
  /** All in one slot. */
  keys: readonly string[];
  args: ReadonlyArray<string | number>;
}

interface Pending extends RedisCall {
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
}

/** As ioredis has it; nothing is typed more narrowly than a script's answer. */
type Outcome = readonly [error: Error | null, answer: unknown];

const isUnknownScript = (error: Error): boolean => error.message.startsWith('NOSCRIPT');

/**
 * Runs scripts by their hash, and sends a script that Redis does not know. What is called in one turn of the event loop
 * travels in one pipeline for each slot. A call rejects after `timeoutMs`, and at once without a connection: nothing is
 * kept to be sent later, when nobody waits for it any more.
 */
export class RedisCaller {
  /** By slot. */
  private readonly pending = new Map<string, Pending[]>();
  /** Why the connection is remade, if Redis has said so. */
  private refusal: string | undefined;

  constructor(
    private readonly client: Redis | Cluster,
    private readonly timeoutMs: number,
  ) {}

  /** @param slot the same for calls whose keys are in one slot */
  call(slot: string, call: RedisCall): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const waiting = this.pending.get(slot);
      const pending: Pending = { ...call, resolve, reject };
      if (waiting) {
        waiting.push(pending);
        return;
      }
      this.pending.set(slot, [pending]);
      setImmediate(() => this.send(slot));
    });
  }

  async ping(): Promise<void> {
    await this.inTime(() => this.client.ping());
  }

  private send(slot: string): void {
    const calls = this.pending.get(slot) ?? [];
    this.pending.delete(slot);
    this.inTime(() => this.exec(calls)).then(
      outcomes => {
        this.noteRefusal(outcomes);
        calls.forEach((call, index) => settle(call, outcomes[index]));
      },
      (error: Error) => calls.forEach(call => call.reject(error)),
    );
  }

  private noteRefusal(outcomes: readonly Outcome[]): void {
    const refusing = outcomes.find(([error]) => error && isReadOnly(error));
    this.refusal = refusing?.[0]?.message;
  }

  private async exec(calls: readonly RedisCall[]): Promise<Outcome[]> {
    const outcomes = await this.pipeline(calls, ({ script }) => ['evalsha', script.sha]);
    const unknown = calls.filter((_, index) => outcomes[index]?.[0] && isUnknownScript(outcomes[index][0]));
    if (unknown.length === 0) return outcomes;
    const again = await this.pipeline(unknown, ({ script }) => ['eval', script.text]);
    return calls.map((call, index) => {
      const at = unknown.indexOf(call);
      return (at < 0 ? outcomes[index] : again[at]) ?? NO_ANSWER;
    });
  }

  private async pipeline(
    calls: readonly RedisCall[],
    commandOf: (call: RedisCall) => [command: 'eval' | 'evalsha', script: string],
  ): Promise<Outcome[]> {
    const pipeline = this.client.pipeline();
    for (const call of calls) {
      const [command, script] = commandOf(call);
      pipeline[command](script, call.keys.length, ...call.keys, ...call.args);
    }
    return (await pipeline.exec()) ?? [];
  }

  private async inTime<T>(work: () => Promise<T>): Promise<T> {
    const { status } = this.client;
    if (status === 'wait') this.client.connect().catch(() => undefined);
    if (status !== 'ready') {
      const why = this.refusal === undefined ? '' : `, which had answered: ${this.refusal}`;
      throw new Error(`there is no connection to Redis (${status})${why}`);
    }
    return inTime(work(), this.timeoutMs, `Redis has not answered within ${this.timeoutMs} ms`);
  }
}

const NO_ANSWER: Outcome = [new Error('Redis gave no answer'), undefined];

function settle({ resolve, reject }: Pending, [error, answer]: Outcome = NO_ANSWER): void {
  if (error) reject(error);
  else resolve(answer);
}
