import type { QueueDocument, ServiceDocument, TopologyDocument } from '../src/topology/topology-document.js';
import { deadLetterQueue, isFifoName } from '../src/topology/names.js';

/** A queue of a document, with the library's defaults. */
export function queueWith({
  prefix = '',
  name = `${prefix}mail`,
  ...given
}: Partial<QueueDocument> & { prefix?: string } = {}): QueueDocument {
  const fifo = isFifoName(name);
  const topic = `${prefix}users-domain-events`;
  return {
    name,
    fifo,
    deadLetterQueue: deadLetterQueue(name),
    visibilityTimeoutSeconds: 30,
    retentionSeconds: 1_209_600,
    ordering: 'none',
    formerly: [],
    subscriptions: fifo ? [] : [{ topic, types: ['user.registered'] }],
    handlers: fifo
      ? [{ pattern: 'send-welcome-email', kind: 'command' }]
      : [{ pattern: 'user.registered', kind: 'event', topic }],
    settings: {
      concurrency: 10,
      handlerTimeoutMs: 300_000,
      maxReceiveCount: 5,
      backoff: { initialSeconds: 2, factor: 8, maxSeconds: 1_800 },
      retryLaterForSeconds: 43_200,
      unknownTypeGraceSeconds: 900,
      inbox: true,
    },
    ...given,
  };
}

/** A document of one service, `notifications`, with one queue, `mail`. */
export function documentWith({
  publishers = [],
  senders = [],
  contracts = [],
  ...service
}: Partial<ServiceDocument> & Partial<Omit<TopologyDocument, 'services'>> = {}): TopologyDocument {
  const { prefix = '' } = service;
  return {
    format: 'nestjs-sns-sqs/topology',
    version: 1,
    services: [
      {
        service: 'notifications',
        prefix,
        provisioning: 'create',
        formerly: [],
        inbox: 'shared',
        queues: [queueWith({ prefix })],
        ...service,
      },
    ],
    publishers,
    senders,
    contracts,
  };
}
