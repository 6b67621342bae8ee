import type { MessageAttribute, MessageAttributes, SqsMessage } from '../interfaces/wire.interface.js';

/**
 * Names of the message attributes of requests and replies (docs/wire-format.md).
 *
 * @example
 * ```ts
 * const isRequest = (attributes: Record<string, unknown>) => REPLY_ATTRIBUTES.queueUrl in attributes;
 * ```
 */
export const REPLY_ATTRIBUTES = {
  /** On a request: where the caller waits. */
  queueUrl: 'reply.queue-url',
  /** On both: which request it is. */
  correlationId: 'reply.correlation-id',
  /** On a request: when its caller gives up, RFC 3339. */
  expiresAt: 'reply.expires-at',
  /** On a reply: its place among those of the request, from 0. */
  index: 'reply.index',
} as const;

/** How many of AWS's ten a request takes at most, beside `type`. */
export const REQUEST_ATTRIBUTES = 3;

/** What stands between a caller's name and the random end of its reply queue's. */
export const REPLY_QUEUE_MARK = '-replies-';

/** Where the replies of a request go. */
export interface ReplyAddress {
  queueUrl: string;
  correlationId: string;
  /** In milliseconds since the epoch; undefined: the caller waits for ever, as far as it says. */
  expiresAt?: number;
}

/** Nest's packet of an answer; several make up a stream. */
export interface ReplyPacket {
  id?: string;
  response?: unknown;
  err?: unknown;
  /** True: the last one. */
  isDisposed?: boolean;
}

const text = (value: string): MessageAttribute => ({ DataType: 'String', StringValue: value });

/** What makes a command a request. */
export function requestAttributes({ queueUrl, correlationId, expiresAt }: ReplyAddress): MessageAttributes {
  return {
    [REPLY_ATTRIBUTES.queueUrl]: text(queueUrl),
    [REPLY_ATTRIBUTES.correlationId]: text(correlationId),
    ...(expiresAt !== undefined && { [REPLY_ATTRIBUTES.expiresAt]: text(new Date(expiresAt).toISOString()) }),
  };
}

/** Undefined: nobody waits for an answer. */
export function replyAddressOf({ MessageAttributes = {} }: SqsMessage): ReplyAddress | undefined {
  const queueUrl = MessageAttributes[REPLY_ATTRIBUTES.queueUrl]?.StringValue;
  const correlationId = MessageAttributes[REPLY_ATTRIBUTES.correlationId]?.StringValue;
  if (!queueUrl || !correlationId) return undefined;
  const expiresAt = Date.parse(MessageAttributes[REPLY_ATTRIBUTES.expiresAt]?.StringValue ?? '');
  return { queueUrl, correlationId, ...(!Number.isNaN(expiresAt) && { expiresAt }) };
}

export const replyAttributes = (correlationId: string, index: number): MessageAttributes => ({
  [REPLY_ATTRIBUTES.correlationId]: text(correlationId),
  [REPLY_ATTRIBUTES.index]: { DataType: 'Number', StringValue: String(index) },
});

/** Undefined: no reply. `index` is undefined where a foreign service leaves it out. */
export function replyOf({
  MessageAttributes = {},
}: SqsMessage): { correlationId: string; index: number | undefined } | undefined {
  const correlationId = MessageAttributes[REPLY_ATTRIBUTES.correlationId]?.StringValue;
  if (!correlationId) return undefined;
  const index = Number.parseInt(MessageAttributes[REPLY_ATTRIBUTES.index]?.StringValue ?? '', 10);
  return { correlationId, index: index >= 0 ? index : undefined };
}

const PACKET_KEYS: ReadonlySet<string> = new Set(['id', 'err', 'response', 'isDisposed', 'status']);
const TELLING_KEYS: ReadonlySet<string> = new Set(['err', 'response', 'isDisposed']);

/** As Nest's transports read an answer: what is no packet of Nest's is the whole answer of a foreign service. */
export function asReplyPacket(value: unknown): ReplyPacket {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { response: value, isDisposed: true };
  const keys = Object.keys(value);
  const isPacket = keys.every(key => PACKET_KEYS.has(key)) && keys.some(key => TELLING_KEYS.has(key));
  return isPacket ? value : { response: value, isDisposed: true };
}

/** The last two parts of a queue's URL. */
const ACCOUNT_AND_NAME = /\/([^/?#]+)\/([^/?#]+)$/;

/** Where a reply goes, or why it goes nowhere, as the end of a sentence about its queue. */
export type ReplyRoute = { queueUrl: string } | { refused: string };

const NO_REPLY_QUEUE: ReplyRoute = { refused: 'which is no reply queue' };

/**
 * The reply queue's URL at the endpoint of `ownUrl`, a queue that the service consumes. Only the account and the name
 * are the caller's to say. The name must be a reply queue's, and the account the service's own or one of `accounts`: a
 * request can make the service neither call another host with its credentials, nor write into a queue that is no reply
 * queue, nor tell its answer to a stranger.
 */
export function replyRoute(ownUrl: string, replyUrl: string, accounts: readonly string[] = []): ReplyRoute {
  const wanted = ACCOUNT_AND_NAME.exec(replyUrl);
  const own = ACCOUNT_AND_NAME.exec(ownUrl);
  if (!wanted || !own) return NO_REPLY_QUEUE;
  const [, account = '', name = ''] = wanted;
  if (!/^\d{1,12}$/.test(account) || !/^[A-Za-z0-9_-]{1,80}$/.test(name) || !name.includes(REPLY_QUEUE_MARK)) {
    return NO_REPLY_QUEUE;
  }
  if (account !== own[1] && !accounts.includes(account)) {
    return { refused: `a queue of the account ${account}, which \`replyAccounts\` does not name` };
  }
  return { queueUrl: `${ownUrl.slice(0, own.index)}/${account}/${name}` };
}
