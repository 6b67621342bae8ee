import {
  observedOutboxes,
  type ObservedQueue,
  type ObservedServer,
  type QueueDepth,
} from '../events/observed-parts.js';
import type { InboxCounts } from '../inbox/admission.js';
import type { ResolvedServerOptions } from '../options/server-options.js';
import { healthOf, outboxHealthOf, type ServerHealth } from './health.js';
import type { QueueConsumer } from './queue-consumer.js';
import { deadLettersOf, depthsOf } from './queue-depths.js';
import type { ServerAws } from './server-aws.js';
import type { ServerState } from './server-state.js';

/** A server's run, as far as it is looked at. */
export interface ObservedRun {
  readonly options: Pick<ResolvedServerOptions, 'inbox'>;
  readonly state: Pick<ServerState, 'current' | 'isPolling' | 'faults'>;
  /** None before the start. */
  readonly consumers: readonly QueueConsumer[];
  /** Undefined before the start. */
  readonly aws: Pick<ServerAws, 'sqsControlPlane'> | undefined;
  /** It is stopping, or about to. */
  readonly isEnding: boolean;
}

/** What probes and metrics see of a server. */
export class ServerObservation implements ObservedServer {
  constructor(private readonly run: ObservedRun) {}

  /** Makes no call. */
  health(): ServerHealth {
    const { state, consumers, isEnding } = this.run;
    const { inbox } = this.run.options;
    const { faults } = state;
    const outbox = outboxHealthOf(observedOutboxes());
    const health = healthOf({
      state: state.current,
      isPolling: state.isPolling && !isEnding,
      queues: consumers.map(each => ({
        name: each.name,
        concurrency: each.concurrency,
        snapshot: each.snapshot(),
        heldFor: each.heldFor,
      })),
      receiveFaults: faults.receives,
      inboxFaults: inbox ? faults.inbox : undefined,
      inboxIsNeeded: inbox && inbox.onUnavailable === 'wait',
    });
    return outbox ? { ...health, outbox } : health;
  }

  /** By full queue name; queues without an inbox are left out. */
  inboxCounts(): Record<string, InboxCounts> {
    const counted = this.run.consumers.flatMap(({ name, inboxCounts }) => (inboxCounts ? [[name, inboxCounts]] : []));
    return Object.fromEntries(counted) as Record<string, InboxCounts>;
  }

  queues(): ObservedQueue[] {
    const { queues } = this.health();
    return this.run.consumers.flatMap(({ name, concurrency }) => {
      const queue = queues[name];
      if (!queue) return [];
      const { running, inFlight, overdue, status } = queue;
      return [{ queue: name, concurrency, running, inFlight, overdue, isUp: status === 'up' }];
    });
  }

  /** Full names of queues whose poll loop stands still for longer. */
  stalledQueues(afterMs: number): string[] {
    return this.run.consumers.filter(({ stalledMs }) => stalledMs > afterMs).map(({ name }) => name);
  }

  async depths(): Promise<QueueDepth[]> {
    const { aws } = this.run;
    return aws ? depthsOf(this.provisioned(), aws.sqsControlPlane) : [];
  }

  async deadLetters(): Promise<Record<string, number>> {
    const { aws } = this.run;
    return aws ? deadLettersOf(this.provisioned(), aws.sqsControlPlane) : {};
  }

  private provisioned() {
    return this.run.consumers.map(({ queue }) => queue);
  }
}
