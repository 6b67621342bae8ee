import { createHash } from 'node:crypto';

/** The common facts of letters that failed alike. */
export interface FailureGroup {
  /** Short and stable: the same failure has the same key in every queue and on every day. */
  key: string;
  type: string | undefined;
  error: string;
  /** The message without ids and numbers. */
  message: string;
  /** The first line of the stack that is the app's own. Undefined: the letter has none. */
  frame: string | undefined;
}

export interface Failure {
  type: string | undefined;
  reason: string | undefined;
  error: string | undefined;
  frame: string | undefined;
}

/** Of a message that SQS itself moved: nobody said why. */
const MOVED_BY_SQS = 'MovedBySqs';

const MAX_MESSAGE = 300;

/** What differs between two messages about one fault, most special first. */
const VARIABLE: ReadonlyArray<readonly [RegExp, string]> = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/[^\s@<>"'(]{1,64}@[\w.-]{1,100}/g, '<email>'],
  // Letters and digits mixed, as keys and hashes are.
  [/\b(?=[a-z_-]{0,64}\d)(?=[\d_-]{0,64}[a-z])[\w-]{6,}\b/gi, '<id>'],
  [/\d+(?:[.,]\d+)*/g, '<n>'],
];

/** The first line of the message, without what differs from letter to letter. */
export function withoutVariables(message: string): string {
  let text = message.slice(0, MAX_MESSAGE);
  for (const [pattern, name] of VARIABLE) text = text.replace(pattern, name);
  return text.replace(/\s+/g, ' ').trim();
}

/** Pure. */
export function failureGroup({ type, reason, error, frame }: Failure): FailureGroup {
  const group = {
    type,
    error: error ?? (reason === undefined ? MOVED_BY_SQS : 'Error'),
    message: reason === undefined ? '' : withoutVariables(reason),
    frame,
  };
  const hash = createHash('sha256').update(JSON.stringify(Object.values(group).map(each => each ?? null)));
  return { key: hash.digest('base64url').slice(0, 10), ...group };
}
