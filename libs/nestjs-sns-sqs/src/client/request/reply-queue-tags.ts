/**
 * Tags of a reply queue. A sweeper finds the queues of crashed processes by them.
 *
 * @example
 * ```ts
 * const isOfUsers = (tags: Record<string, string>) => tags[REPLY_QUEUE_TAGS.caller] === 'users';
 * ```
 */
export const REPLY_QUEUE_TAGS = {
  /** The service whose client made it. */
  caller: 'nestjs-sns-sqs:replies-of',
  /** RFC 3339; renewed by the client as long as it lives. */
  aliveUntil: 'nestjs-sns-sqs:alive-until',
} as const;

/** Every half hour, in milliseconds. */
export const RENEW_EVERY_MS = 1_800_000;
/** Four renewals may fail, or a laptop sleep, before a queue counts as left behind. */
const ALIVE_FOR_MS = 9_000_000;

export const aliveTags = (now: number): Record<string, string> => ({
  [REPLY_QUEUE_TAGS.aliveUntil]: new Date(now + ALIVE_FOR_MS).toISOString(),
});

/** AWS: letters, digits, spaces and _ . : / = + - @, at most 256 (tag-restrictions). */
export const tagsOfReplyQueue = (caller: string, now: number): Record<string, string> => ({
  [REPLY_QUEUE_TAGS.caller]: caller.replace(/[^A-Za-z0-9 _.:/=+@-]/g, '_').slice(0, 256),
  ...aliveTags(now),
});

/** Whether the client that made a queue with these tags is gone. False for queues that have no such tags. */
export function isLeftBehind(tags: Readonly<Record<string, string>>, now: number): boolean {
  const aliveUntil = Date.parse(tags[REPLY_QUEUE_TAGS.aliveUntil] ?? '');
  return !Number.isNaN(aliveUntil) && aliveUntil < now;
}
