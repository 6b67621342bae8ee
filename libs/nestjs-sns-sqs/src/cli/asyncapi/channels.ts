import type { QueueDocument } from '../../topology/topology-document.js';
import type { Channel, ChannelFacts } from './async-api.js';

/** A channel before its messages are known. */
type BareChannel = Omit<Channel, 'messages'>;

const facts = (given: ChannelFacts): { 'x-nestjs-sns-sqs': ChannelFacts } => ({ 'x-nestjs-sns-sqs': given });

/** The topic of a service. */
export const topicChannel = (service: string, topic: string): BareChannel => ({
  address: topic,
  title: topic,
  description: `The domain events of ${service}.`,
  bindings: { sns: { name: topic, bindingVersion: '0.1.0' } },
  ...facts({ service, kind: 'topic' }),
});

const sqsBinding = (queue: { name: string; fifo: boolean }, deadLetterQueue?: string, more: object = {}): object => ({
  queue: {
    name: queue.name,
    fifoQueue: queue.fifo,
    ...more,
    ...(deadLetterQueue !== undefined && { redrivePolicy: { deadLetterQueue: { name: deadLetterQueue } } }),
  },
  ...(deadLetterQueue !== undefined && { deadLetterQueue: { name: deadLetterQueue, fifoQueue: queue.fifo } }),
  bindingVersion: '0.2.0',
});

/** The command queue of another service: its settings are not known here. */
export const commandsChannel = (service: string, name: string): BareChannel => ({
  address: name,
  title: name,
  description: `The commands and requests of ${service}, in order within a group.`,
  bindings: { sqs: sqsBinding({ name, fifo: true }) },
  ...facts({ service, kind: 'commands' }),
});

/** A queue of the app: of a use case, or of its commands. */
export function queueChannel(service: string, queue: QueueDocument): BareChannel {
  const isCommands = queue.subscriptions.length === 0;
  return {
    address: queue.name,
    title: queue.name,
    description: isCommands
      ? `The commands and requests of ${service}, in order within a group.`
      : `A use case of ${service}.`,
    bindings: {
      sqs: sqsBinding(queue, queue.deadLetterQueue, {
        visibilityTimeout: queue.visibilityTimeoutSeconds,
        messageRetentionPeriod: queue.retentionSeconds,
      }),
    },
    ...facts({
      service,
      kind: isCommands ? 'commands' : 'use-case',
      ...(!isCommands && { subscriptions: queue.subscriptions }),
    }),
  };
}

/** Replies go to a queue that each caller names. */
export const repliesChannel = (service: string): BareChannel => ({
  address: null,
  title: 'The reply queue of the caller',
  description: 'Named by the attribute reply.queue of the request.',
  ...facts({ service, kind: 'replies' }),
});
