import type { Attributes, Link, Span, SpanContext } from '@opentelemetry/api';
import type { ProcessOperation } from '../interfaces/telemetry.interface.js';
import { ATTRIBUTES, type LinkTarget } from './names.js';
import { spanContextOf } from './trace-context.js';

/** What each process span of a queue begins with. */
interface Beginning {
  readonly name: string;
  /** Of the last event; undefined: it could not be read. */
  readonly type: string | undefined;
  readonly attributes: Attributes;
}

/**
 * What a sampler sees: what the conventions want it to, and the event's type. An SDK looks twice at each attribute that
 * a span begins with, and once at each that is set later, so nothing else is among them.
 */
export class ProcessBeginnings {
  private readonly byQueue = new Map<string, Beginning>();

  /** @param shared the attributes of any process span, by the name of its queue */
  constructor(private readonly shared: (queue: string) => Attributes) {}

  of({ queue, metadata }: ProcessOperation): Beginning {
    const known = this.byQueue.get(queue);
    const type = metadata?.type;
    if (known && known.type === type) return known;
    const attributes = this.shared(queue);
    if (type !== undefined) attributes[ATTRIBUTES.eventType] = type;
    const made: Beginning = { name: `process ${queue}`, type, attributes };
    this.byQueue.set(queue, made);
    return made;
  }
}

/** What else is known of a message before it is handled. */
export function tellReceived(span: Span, operation: ProcessOperation): void {
  const { message, metadata, queueUrl, maxReceiveCount, queueTimeMs, laneTimeMs } = operation;
  span.setAttribute(ATTRIBUTES.queueUrl, queueUrl);
  span.setAttribute(ATTRIBUTES.maxReceiveCount, maxReceiveCount);
  if (message.MessageId !== undefined) span.setAttribute(ATTRIBUTES.messageId, message.MessageId);
  if (metadata) {
    const { correlationId, causationId, id, source, subject, sequence } = metadata;
    span.setAttribute(ATTRIBUTES.eventId, id);
    span.setAttribute(ATTRIBUTES.eventSource, source);
    if (correlationId !== undefined) span.setAttribute(ATTRIBUTES.conversationId, correlationId);
    if (causationId !== undefined) span.setAttribute(ATTRIBUTES.causationId, causationId);
    if (subject !== undefined) span.setAttribute(ATTRIBUTES.eventSubject, subject);
    if (sequence !== undefined) span.setAttribute(ATTRIBUTES.sequence, sequence);
  }
  const groupId = message.Attributes?.['MessageGroupId'];
  if (groupId !== undefined) span.setAttribute(ATTRIBUTES.groupId, groupId);
  if (queueTimeMs !== undefined) span.setAttribute(ATTRIBUTES.queueTimeMs, queueTimeMs);
  span.setAttribute(ATTRIBUTES.laneTimeMs, Math.round(laneTimeMs));
}

/** What is known once it is decided how it is settled. */
export function tellSettled(span: Span, { attempt, outcome, reason, delaySeconds }: ProcessOperation): void {
  if (attempt !== undefined) span.setAttribute(ATTRIBUTES.attempt, attempt);
  span.setAttribute(ATTRIBUTES.outcome, outcome ?? 'returned');
  if (reason !== undefined) span.setAttribute(ATTRIBUTES.reason, reason);
  if (delaySeconds !== undefined) span.setAttribute(ATTRIBUTES.delaySeconds, delaySeconds);
}

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
  if (published) links.push(linkTo(published, 'publish'));
  if (earlier) links.push(linkTo(earlier, 'earlier-attempt'));
  const letter = deadLetterTraceparent === undefined ? undefined : spanContextOf(deadLetterTraceparent);
  if (letter) links.push(linkTo(letter, 'dead-lettered-attempt'));
  return links;
}

const linkTo = (context: SpanContext, to: LinkTarget): Link => ({ context, attributes: { [ATTRIBUTES.link]: to } });
