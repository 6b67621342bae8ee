import { SQS_DEFAULT_BACKOFF, SQS_DEFAULT_MAX_RECEIVE_COUNT, SQS_DEFAULT_RETENTION_SECONDS } from '../constants.js';
import type { HandlerOptions } from '../interfaces/handler-options.interface.js';
import type { BackoffOptions, ConsumerOptions, ServerSQSOptions } from '../interfaces/options.interface.js';
import type { ShortName } from '../interfaces/names.interface.js';

type Server = Pick<
  ServerSQSOptions,
  'consumer' | 'queues' | 'retentionSeconds' | 'retryLaterForSeconds' | 'unknownTypeGraceSeconds'
>;

const numberOr = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise);

/** Seconds between a message's first attempt and its last, at most. */
function longestScheduleSeconds(attempts: number, given: BackoffOptions | undefined): number {
  const initialSeconds = numberOr(given?.initialSeconds, SQS_DEFAULT_BACKOFF.initialSeconds);
  const factor = numberOr(given?.factor, SQS_DEFAULT_BACKOFF.factor);
  const maxSeconds = numberOr(given?.maxSeconds, SQS_DEFAULT_BACKOFF.maxSeconds);
  let seconds = 0;
  for (let failure = 0; failure < Math.min(attempts, 1_000) - 1; failure += 1) {
    seconds += Math.min(maxSeconds, initialSeconds * Math.min(factor ** failure, Number.MAX_VALUE));
  }
  return seconds;
}

const given = (options: object | undefined): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined));

/**
 * What is given for a queue (its name without prefix; undefined: for all of them) and would make a message wait longer
 * than the queue keeps it. Defaults that are too long are shortened instead. Takes options that were not checked.
 */
function problemsOf(server: Server, queue?: string, extras: HandlerOptions = {}): string[] {
  const own = queue === undefined ? undefined : server.queues?.[queue];
  const { retentionSeconds, retryLaterForSeconds, unknownTypeGraceSeconds } = server;
  const all: ConsumerOptions = {
    ...given({ retentionSeconds, retryLaterForSeconds, unknownTypeGraceSeconds }),
    ...given(server.consumer),
    ...given(own),
    ...given(extras),
  };
  const backoff = { ...given(server.consumer?.backoff), ...given(own?.backoff), ...given(extras.backoff) };
  const keptFor = numberOr(all.retentionSeconds, SQS_DEFAULT_RETENTION_SECONDS);
  const waits: Array<[string, number]> = [
    ['gapTimeoutMs', all.ordering === 'sequential' ? numberOr(all.gapTimeoutMs, 0) / 1000 : 0],
    ['retryLaterForSeconds', numberOr(all.retryLaterForSeconds, 0)],
    ['unknownTypeGraceSeconds', numberOr(all.unknownTypeGraceSeconds, 0)],
  ];
  if (all.maxReceiveCount !== undefined || Object.keys(backoff).length > 0) {
    const attempts = numberOr(all.maxReceiveCount, SQS_DEFAULT_MAX_RECEIVE_COUNT);
    waits.push(['maxReceiveCount` with `backoff', longestScheduleSeconds(attempts, backoff)]);
  }
  const where = queue === undefined ? '' : `${queue}: `;
  return waits
    .filter(([, seconds]) => seconds > keptFor)
    .map(
      ([name, seconds]) =>
        `${where}\`${name}\` lets a message wait ${Math.ceil(seconds)} s, and the queue keeps it ${keptFor} s (\`retentionSeconds\`)`,
    );
}

/** Of a server's options, before they are checked otherwise. */
export function outlastingOptions(server: Server): string[] {
  const queues = typeof server.queues === 'object' ? Object.keys(server.queues ?? {}) : [];
  const forAll = problemsOf(server);
  const own = queues.flatMap(queue =>
    Object.keys(given(server.queues?.[queue])).length > 0 ? problemsOf(server, queue) : [],
  );
  // What is wrong for all is said once.
  return [...forAll, ...own.filter(problem => !forAll.some(known => problem.endsWith(known)))];
}

/** Of what the handlers of a queue ask for by their extras. */
export const outlastingExtras = (server: Server, queue: ShortName, extras: HandlerOptions = {}): string[] =>
  Object.keys(given(extras)).length === 0 ? [] : problemsOf(server, queue, extras);
