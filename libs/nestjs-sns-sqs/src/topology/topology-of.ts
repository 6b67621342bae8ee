import type { ServiceDocument } from './topology-document.js';
import type { Topology } from './topology.model.js';

/** A service of a document, as provisioning knows it. */
export const topologyOf = ({ queues, topology = {} }: Pick<ServiceDocument, 'queues' | 'topology'>): Topology => ({
  topics: [...new Set(queues.flatMap(({ subscriptions }) => subscriptions.map(({ topic }) => topic)))].map(name => ({
    name,
  })),
  queues: queues.map(
    ({
      name,
      fifo,
      deadLetterQueue,
      visibilityTimeoutSeconds,
      retentionSeconds,
      subscriptions,
      formerly,
      ordering,
    }) => ({
      name,
      fifo,
      deadLetterQueue,
      visibilityTimeoutSeconds,
      retentionSeconds,
      subscriptions,
      formerly,
      ...topology,
      ...(!fifo && ordering === 'none' && { isUnordered: true }),
    }),
  ),
});
