export const PATTERN = 'bench.tick';
export const SERVICE = 'bench';
/** Makes a body of about 500 bytes. */
export const FILLER = 'x'.repeat(250);
export const FIFO_QUEUE = `${SERVICE}-async-commands.fifo`;

/** The queue that this library names so; the others take any name. */
export const queueName = index => `w${index}-on-bench-tick`;

/** One body for all: a CloudEvent for this library, Nest's `{ pattern, data }` for the others, JSON for the rest. */
export const bodyOf = (n, at, group, position, text = FILLER) =>
  `{"specversion":"1.0","id":"e${n}","source":"${SERVICE}","type":"${PATTERN}","pattern":"${PATTERN}","datacontenttype":"application/json","data":{"n":${n},"at":${at},"group":"${group}","position":${position},"text":"${text}"}}`;
