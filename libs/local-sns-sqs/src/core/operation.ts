import type { Broker } from './broker.js';
import type { Input } from './input.js';

/** The connection that an operation answers to, as far as the core needs to know it. */
export interface Call {
  /** Scheme, host and port under which the caller reached us: queue URLs start with it. */
  readonly origin: string;
  /** The account that the caller's access key names (twelve digits); undefined: it names none. */
  readonly account?: string | undefined;
  /** True once nobody is there to read an answer. */
  readonly gone: boolean;
  /** Runs `fn` when the caller goes away before the answer is there. */
  onGone(fn: () => void): void;
  /** Runs `fn` when the answer was there but could not be delivered. */
  onUndelivered(fn: () => void): void;
}

export type Output = Record<string, unknown>;

export type Operation = (broker: Broker, input: Input, call: Call) => Output | Promise<Output>;
