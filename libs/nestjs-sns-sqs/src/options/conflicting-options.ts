import {
  SQS_DEFAULT_VISIBILITY_TIMEOUT_SECONDS,
  SQS_DEFAULT_WAIT_TIME_SECONDS,
  SQS_MAX_VISIBILITY_SECONDS,
} from '../constants.js';
import type { HandlerOptions } from '../interfaces/handler-options.interface.js';
import type { ConsumerOptions, ServerSQSOptions } from '../interfaces/options.interface.js';
import { isFifoName } from '../topology/names.js';
import type { ShortName } from '../interfaces/names.interface.js';
import { idleOptions } from './idle-options.js';

/** Not checked yet: anything may stand in it. */
type Unchecked = Record<string, unknown>;

const given = (options: unknown): Unchecked =>
  typeof options === 'object' && options !== null
    ? Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
    : {};

const numberOr = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise);

/** Two options of one queue that are right each and wrong together. */
interface Pair {
  isWrong: (all: Partial<ConsumerOptions>, server: Partial<ServerSQSOptions>, isFifo: boolean) => boolean;
  /** Which, and why. */
  text: string;
}

const asksForOrder = ({ ordering = 'none' }: Partial<ConsumerOptions>): boolean =>
  ordering === 'latest' || ordering === 'sequential';
const hasNoInbox = ({ inbox }: Partial<ConsumerOptions>, server: Partial<ServerSQSOptions>): boolean =>
  inbox === false || server.inbox === false;
const visibilitySeconds = ({ visibilityTimeoutSeconds }: Partial<ConsumerOptions>): number =>
  numberOr(visibilityTimeoutSeconds, SQS_DEFAULT_VISIBILITY_TIMEOUT_SECONDS);
const remembersForSeconds = ({ inbox }: Partial<ServerSQSOptions>): number =>
  numberOr(given(inbox)['rememberForSeconds'], Infinity);

/** In the store of the inbox; the one in memory has none. */
const sharesNothing = ({ inbox }: Partial<ServerSQSOptions>): boolean =>
  given(given(inbox)['store'])['steering'] === undefined;

const PAIRS: readonly Pair[] = [
  {
    isWrong: (all, server, isFifo) => !isFifo && asksForOrder(all) && server.deserializer !== undefined,
    text: '`ordering` with a `deserializer`, whose messages have no subject and no sequence: each would be dead-lettered',
  },
  {
    isWrong: (all, server, isFifo) => !isFifo && all.laneBy === 'subject' && server.deserializer !== undefined,
    text: "`laneBy: 'subject'` with a `deserializer`, whose messages have no subject: they would run in parallel",
  },
  {
    isWrong: (all, server, isFifo) => !isFifo && asksForOrder(all) && hasNoInbox(all, server),
    text: '`ordering` without an inbox, which keeps the order: events would run in any order',
  },
  {
    isWrong: (all, server) => all.inboxKey !== undefined && hasNoInbox(all, server),
    text: '`inboxKey` without an inbox: duplicates would be handled twice',
  },
  {
    isWrong: (all, server) => all.inbox === true && server.inbox === false,
    text: "`inbox: true` where the server's own `inbox` is false: there is none to use",
  },
  {
    isWrong: (all, server) => !hasNoInbox(all, server) && remembersForSeconds(server) < visibilitySeconds(all),
    text: '`inbox.rememberForSeconds` is shorter than `visibilityTimeoutSeconds`: a message whose delete failed comes again after that, and would be handled twice',
  },
  {
    isWrong: (all, server) => all.weight !== undefined && server.concurrency === undefined,
    text: "`weight` without the server's own `concurrency`: the queues share no slots",
  },
  {
    isWrong: (all, server) => given(all.rateLimit)['shared'] === true && sharesNothing(server),
    text: '`rateLimit.shared` without a store of the inbox that all processes share, such as RedisInboxStore or PostgresInboxStore',
  },
  {
    isWrong: all => numberOr(all.retentionSeconds, Infinity) < visibilitySeconds(all),
    text: '`visibilityTimeoutSeconds` is longer than `retentionSeconds`: a message whose process dies would expire before it is visible again',
  },
  {
    isWrong: all => numberOr(all.handlerTimeoutMs, 0) / 1000 > numberOr(all.retentionSeconds, Infinity),
    text: '`handlerTimeoutMs` is longer than `retentionSeconds`: a message would expire while its handler runs',
  },
  {
    isWrong: all => numberOr(all.handlerTimeoutMs, 0) / 1000 + visibilitySeconds(all) > SQS_MAX_VISIBILITY_SECONDS,
    text: '`handlerTimeoutMs` and `visibilityTimeoutSeconds` are more than 12 h together, the longest that SQS extends a lease: the message would be delivered again while its handler runs',
  },
  {
    isWrong: ({ backoff }) => {
      const { initialSeconds, maxSeconds } = given(backoff);
      return numberOr(initialSeconds, 0) > numberOr(maxSeconds, Infinity);
    },
    text: '`backoff.initialSeconds` is longer than `backoff.maxSeconds`',
  },
];

function problemsOf(server: Partial<ServerSQSOptions>, queue?: string, extras: HandlerOptions = {}): string[] {
  const consumer = given(server.consumer);
  const own = queue === undefined ? {} : given(given(server.queues)[queue]);
  const { retentionSeconds } = server;
  const all: Partial<ConsumerOptions> = {
    ...given({ retentionSeconds }),
    ...consumer,
    ...own,
    ...given(extras),
    backoff: { ...given(consumer['backoff']), ...given(own['backoff']), ...given(extras.backoff) },
  };
  const isFifo = queue !== undefined && isFifoName(queue);
  const where = queue === undefined ? '' : `${queue}: `;
  return PAIRS.filter(({ isWrong }) => isWrong(all, server, isFifo)).map(({ text }) => `${where}${text}`);
}

/** The pairs of a server's options that go badly together, each as a sentence. Takes unchecked options. */
export function conflictingOptions(server: Partial<ServerSQSOptions>): string[] {
  const forAll = problemsOf(server);
  const own = Object.entries(given(server.queues)).flatMap(([queue, options]) => [
    ...problemsOf(server, queue),
    ...idleOptions(queue, given(options), { isFifo: isFifoName(queue) }),
  ]);
  // What is wrong for all is said once.
  const news = own.filter(problem => !forAll.some(known => problem.endsWith(known)));
  return [...forAll, ...news, ...shortPolls(server), ...unusedAccess(server), ...unsharedPauses(server)];
}

/** Of a queue (its name without prefix) whose handlers, and what they ask for by their extras, are known. */
export function conflictingExtras(
  server: Partial<ServerSQSOptions>,
  queue: ShortName,
  extras: HandlerOptions,
): string[] {
  const own: ConsumerOptions = { ...given(server.queues?.[queue]), ...given(extras) };
  const { ordering = server.consumer?.ordering ?? 'none' } = own;
  const idle = idleOptions(queue, own, { isFifo: isFifoName(queue), ordering });
  if (Object.keys(given(extras)).length === 0) return idle;
  const { waitTimeSeconds } = extras;
  const alone = { ...server, consumer: { waitTimeSeconds }, queues: {} };
  const polls = waitTimeSeconds === undefined ? [] : shortPolls(alone);
  return [...problemsOf(server, queue, extras), ...idle, ...polls.map(text => `${queue}: ${text}`)];
}

const unsharedPauses = (server: Partial<ServerSQSOptions>): string[] =>
  server.sharedPauses === true && sharesNothing(server)
    ? [
        '`sharedPauses` without a store of the inbox that all processes share, such as RedisInboxStore or PostgresInboxStore',
      ]
    : [];

/** With both clients ready there is nothing that `aws` could configure. */
const unusedAccess = ({ aws, sqs, sns }: Partial<ServerSQSOptions>): string[] =>
  aws !== undefined && sqs !== undefined && sns !== undefined
    ? ['`aws` beside `sqs` and `sns`: it would configure neither of these ready clients']
    : [];

/** Timeouts of the user's that would end a long poll before it is answered. */
function shortPolls(server: Partial<ServerSQSOptions>): string[] {
  const settings = given(given(server.aws)['requestHandler']);
  const waits = [server.consumer, ...Object.values(given(server.queues))].map(options =>
    numberOr(given(options)['waitTimeSeconds'], SQS_DEFAULT_WAIT_TIME_SECONDS),
  );
  const longest = Math.max(...waits);
  return ['socketTimeout', 'requestTimeout']
    .filter(name => numberOr(settings[name], 0) > 0 && numberOr(settings[name], 0) <= longest * 1000)
    .map(
      name =>
        `\`aws.requestHandler.${name}\` (${String(settings[name])} ms) is no longer than \`waitTimeSeconds\` (${longest} s), for which a long poll is silent: every receive that finds nothing would fail`,
    );
}

/** Where the SDK does not look: a proxy or a client certificate would be passed by. */
const BESIDE_THE_HANDLER = ['httpAgent', 'httpsAgent', 'httpOptions'];

/** Of `aws`, which the SDK takes and in which it ignores what it does not know. */
export const ignoredByTheSdk = ({ aws }: { aws?: unknown }): string[] =>
  BESIDE_THE_HANDLER.filter(name => given(aws)[name] !== undefined).map(
    name => `\`aws.${name}\`: the SDK ignores it there; it belongs into \`aws.requestHandler\``,
  );
