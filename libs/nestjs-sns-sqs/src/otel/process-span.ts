import type { Link, SpanContext } from '@opentelemetry/api';
import type { ProcessOperation } from '../interfaces/telemetry.interface.js';
import { ATTRIBUTES, type LinkTarget } from './names.js';
import { spanContextOf } from './trace-context.js';

type Values = Record<string, string | number | boolean | undefined>;

/** What is known of a message before it is handled. */
export const processAttributes = ({ queueUrl, message, metadata, ...operation }: ProcessOperation): Values => ({
  [ATTRIBUTES.queueUrl]: queueUrl,
  [ATTRIBUTES.messageId]: message.MessageId,
  [ATTRIBUTES.conversationId]: metadata?.correlationId,
  [ATTRIBUTES.causationId]: metadata?.causationId,
  [ATTRIBUTES.eventId]: metadata?.id,
  [ATTRIBUTES.eventSource]: metadata?.source,
  [ATTRIBUTES.eventType]: metadata?.type,
  [ATTRIBUTES.eventSubject]: metadata?.subject,
  [ATTRIBUTES.sequence]: metadata?.sequence,
  [ATTRIBUTES.groupId]: message.Attributes?.['MessageGroupId'],
  [ATTRIBUTES.maxReceiveCount]: operation.maxReceiveCount,
  [ATTRIBUTES.queueTimeMs]: operation.queueTimeMs,
  [ATTRIBUTES.laneTimeMs]: Math.round(operation.laneTimeMs),
});

/** What is known once it is decided how it is settled. */
export const settledAttributes = ({ attempt, outcome, reason, delaySeconds }: ProcessOperation): Values => ({
  [ATTRIBUTES.attempt]: attempt,
  [ATTRIBUTES.outcome]: outcome ?? 'returned',
  [ATTRIBUTES.reason]: reason,
  [ATTRIBUTES.delaySeconds]: delaySeconds,
});

/** A handler that asks to be called later has not failed. */
export const toldError = ({ error, reason }: ProcessOperation): unknown =>
  reason === 'retry-later' ? undefined : error;

/** The event's publish, then what went before: an earlier attempt, and the attempt that made a letter of it. */
export function processLinks(
  { deadLetterTraceparent }: ProcessOperation,
  published: SpanContext | undefined,
  earlier: SpanContext | undefined,
): Link[] {
  const links: Link[] = [];
  const link = (context: SpanContext | undefined, to: LinkTarget): void => {
    if (context) links.push({ context, attributes: { [ATTRIBUTES.link]: to } });
  };
  link(published, 'publish');
  link(earlier, 'earlier-attempt');
  if (deadLetterTraceparent !== undefined) link(spanContextOf(deadLetterTraceparent), 'dead-lettered-attempt');
  return links;
}
