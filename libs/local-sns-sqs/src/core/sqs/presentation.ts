import { invalidParameterValue } from '../errors.js';
import { type Input, stringList } from '../input.js';
import { type AttributeValue, type MessageAttributes, attributesMd5 } from '../message-attributes.js';
import type { Message } from '../message.js';
import type { Output } from '../operation.js';
import { READABLE_ATTRIBUTES } from '../queue/queue-attributes.js';
import type { Received } from '../queue/surroundings.js';

const SYSTEM_ATTRIBUTES: Readonly<Record<string, (message: Message) => string | undefined>> = {
  SenderId: message => message.content.senderId,
  SentTimestamp: message => String(message.sentAt),
  ApproximateReceiveCount: message => String(message.receiveCount),
  ApproximateFirstReceiveTimestamp: message => String(message.firstReceivedAt),
  SequenceNumber: message => message.sequenceNumber,
  MessageDeduplicationId: message => message.content.deduplicationId,
  MessageGroupId: message => message.content.groupId,
  AWSTraceHeader: message => message.content.traceHeader,
  DeadLetterQueueSourceArn: message => message.deadLetterSourceArn,
};

/** Which attributes a receiver asked for. */
export interface Presentation {
  system: readonly string[];
  all: boolean;
  names: ReadonlySet<string>;
  prefixes: readonly string[];
}

function systemNames(input: Input): string[] {
  const asked = [...stringList(input, 'AttributeNames'), ...stringList(input, 'MessageSystemAttributeNames')];
  if (asked.includes('All')) return Object.keys(SYSTEM_ATTRIBUTES);
  return asked.filter(name => {
    const known = Object.hasOwn(SYSTEM_ATTRIBUTES, name);
    // AWS lets a queue's attributes be asked for here, and shows none of them.
    if (!known && !READABLE_ATTRIBUTES.has(name)) throw invalidParameterValue(`Unknown Attribute ${name}.`);
    return known;
  });
}

export function readPresentation(input: Input): Presentation {
  const asked = stringList(input, 'MessageAttributeNames');
  return {
    system: systemNames(input),
    all: asked.some(name => name === 'All' || name === '.*' || name === '*'),
    names: new Set(asked),
    prefixes: asked.filter(name => name.endsWith('.*')).map(name => name.slice(0, -2)),
  };
}

function chosen(attributes: MessageAttributes, presentation: Presentation): ReadonlyMap<string, AttributeValue> {
  if (presentation.all) return attributes.values;
  const { names, prefixes } = presentation;
  return new Map(
    [...attributes.values].filter(([name]) => names.has(name) || prefixes.some(prefix => name.startsWith(prefix))),
  );
}

/** A received message as the receiver wants to see it. */
export function present({ message, handle }: Received, presentation: Presentation): Output {
  const { content } = message;
  const shown: Output = {
    MessageId: content.id,
    ReceiptHandle: handle,
    MD5OfBody: content.bodyMd5,
    Body: content.body,
  };
  if (presentation.system.length > 0) {
    const system: Record<string, string> = {};
    for (const name of presentation.system) {
      const value = SYSTEM_ATTRIBUTES[name](message);
      if (value !== undefined) system[name] = value;
    }
    shown.Attributes = system;
  }
  if (content.attributes && (presentation.all || presentation.names.size > 0)) {
    const values = chosen(content.attributes, presentation);
    if (values.size > 0) {
      shown.MD5OfMessageAttributes =
        values === content.attributes.values ? content.attributes.md5 : attributesMd5(values);
      shown.MessageAttributes = Object.fromEntries(values);
    }
  }
  return shown;
}
