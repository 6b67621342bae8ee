import { jest } from '@jest/globals';
import type { SqsContext } from '../src/ctx-host/sqs.context.js';
import type { EventMetadata } from '../src/interfaces/envelope.interface.js';
import type { HandlerOptions } from '../src/interfaces/handler-options.interface.js';
import type { SqsMessage, SqsWire } from '../src/interfaces/wire.interface.js';
import { consumerSettings, type ResolvedConsumerOptions } from '../src/options/server-options.js';
import { HandlerRegistry } from '../src/server/handle/handler-registry.js';
import { QueueConsumer, type QueueConsumerOptions } from '../src/server/queue-consumer.js';
import { Slots } from '../src/server/receive/slots.js';

/** A use case's handler, as a test writes it; it may give or throw whatever it likes. */
export type Handler = (data: string, context: SqsContext) => unknown;

export interface ConsumerSetup extends Partial<Omit<QueueConsumerOptions, 'settings' | 'handlers' | 'wire' | 'queue'>> {
  /** The queue is `q.fifo`. @default it is `q` */
  fifo?: boolean;
  settings?: HandlerOptions | undefined;
}

const queueNameOf = (fifo: boolean): string => (fifo ? 'q.fifo' : 'q');

export const settingsOf = (fifo: boolean, settings?: HandlerOptions): ResolvedConsumerOptions =>
  consumerSettings({}, queueNameOf(fifo), settings);

export const quietLogger = () => ({
  log: jest.fn<(...texts: unknown[]) => void>(),
  warn: jest.fn<(...texts: unknown[]) => void>(),
  error: jest.fn<(...texts: unknown[]) => void>(),
});

/** The event of a message: its id, and what its body says as JSON of `subject` and `sequence`. Its data is the id. */
export function decodeById({ MessageId = '', Body = '{}' }: SqsMessage): { metadata: EventMetadata; data: string } {
  const { id = MessageId, ...more } = JSON.parse(Body) as Partial<EventMetadata>;
  return { metadata: { source: 's', type: 'a', ...more, id }, data: id };
}

/** The consumer of one queue with one handler, for every event of type `a`. It is not started. */
export function consumerOf(wire: SqsWire, handler: Handler, setup: ConsumerSetup = {}): QueueConsumer {
  const { fifo = false, settings, ...given } = setup;
  const name = queueNameOf(fifo);
  return new QueueConsumer({
    queue: { name, url: 'url', deadLetterQueueUrl: 'dlq', fifo },
    settings: settingsOf(fifo, settings),
    slots: new Slots(Infinity),
    wire,
    handlers: new HandlerRegistry([{ pattern: 'a', queue: name, subscribed: true, handler: handler as never }]),
    decode: decodeById,
    hooks: (_, work) => work(),
    logger: quietLogger(),
    onFault: () => undefined,
    onRecovery: () => undefined,
    ...given,
  });
}
