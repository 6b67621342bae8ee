import type { ObservedQueue, ObservedServer, QueueDepth } from '../events/observed-parts.js';
import type { SqsControlPlane } from '../interfaces/control-plane.interface.js';
import type { ServerHealth } from './health.js';
import type { QueueConsumer } from './queue-consumer.js';
import { deadLettersOf, depthsOf } from './queue-depths.js';

export interface ServerObservationOptions {
  consumers: () => readonly QueueConsumer[];
  health: () => ServerHealth;
  /** Undefined: the server has not started. */
  plane: () => Pick<SqsControlPlane, 'getQueueAttributes'> | undefined;
}

/** What probes and metrics see of a server. */
export class ServerObservation implements ObservedServer {
  constructor(private readonly options: ServerObservationOptions) {}

  queues(): ObservedQueue[] {
    const { queues } = this.options.health();
    return this.options.consumers().flatMap(({ name, concurrency }) => {
      const queue = queues[name];
      if (!queue) return [];
      const { running, inFlight, overdue, status } = queue;
      return [{ queue: name, concurrency, running, inFlight, overdue, isUp: status === 'up' }];
    });
  }

  /** Full names of queues whose poll loop stands still for longer. */
  stalledQueues(afterMs: number): string[] {
    return this.options
      .consumers()
      .filter(({ stalledMs }) => stalledMs > afterMs)
      .map(({ name }) => name);
  }

  async depths(): Promise<QueueDepth[]> {
    const plane = this.options.plane();
    return plane ? depthsOf(this.provisioned(), plane) : [];
  }

  async deadLetters(): Promise<Record<string, number>> {
    const plane = this.options.plane();
    return plane ? deadLettersOf(this.provisioned(), plane) : {};
  }

  private provisioned() {
    return this.options.consumers().map(({ queue }) => queue);
  }
}
