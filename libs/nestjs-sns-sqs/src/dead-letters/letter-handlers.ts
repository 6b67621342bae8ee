import type { Ordering } from '../inbox/sequence-guard.js';
import type { FullName } from '../interfaces/names.interface.js';

/** The handler of a message in today's version of a service. */
export interface LetterHandler {
  /** Standard Schema of the payload. @default none: every payload fits */
  schema?: unknown;
  /** @default 'none' */
  ordering?: Ordering | undefined;
}

/** The handlers of a service, as far as a redrive depends on them. */
export interface LetterHandlers {
  /** Whether this version of the service consumes the queue at all. */
  consumes(queue: FullName): boolean;
  /** Undefined: no handler of this queue takes the type. */
  find(queue: FullName, type: string): LetterHandler | undefined;
}
