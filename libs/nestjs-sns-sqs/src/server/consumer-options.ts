import type { LoggerService } from '@nestjs/common';
import type { ClockWatch } from '../async/clock-watch.js';
import type { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { Inbox } from '../inbox/inbox.js';
import type { SqsControlPlane } from '../interfaces/control-plane.interface.js';
import type { Telemetry } from '../interfaces/telemetry.interface.js';
import type { SteeringStore } from '../interfaces/steering-store.interface.js';
import type { SqsWire } from '../interfaces/wire.interface.js';
import type { ResolvedConsumerOptions } from '../options/server-options.js';
import type { QueueTagReader } from '../topology/queue-tag-reader.js';
import type { ProvisionedQueue } from '../topology/topology.model.js';
import type { DispatcherOptions } from './handle/dispatcher.js';
import type { WaitCount } from './handle/asking-handlers.js';
import type { SoloRuns } from './handle/solo-runs.js';
import type { RequestSlots } from './receive/request-slots.js';
import type { Slots } from './receive/slots.js';

/** What the consumer of one queue is made of. */
export interface QueueConsumerOptions extends Pick<DispatcherOptions, 'handlers' | 'decode' | 'hooks' | 'requestOf'> {
  queue: ProvisionedQueue & { fifo: boolean };
  /** Full name of the queue whose handlers this one uses, where it is a former name of it. @default its own name */
  useCase?: string;
  settings: ResolvedConsumerOptions;
  /** The server's bound of messages in work, over all queues. */
  slots: Slots;
  /** Slots of their own for requests from this service itself. @default none */
  requestSlots?: RequestSlots;
  /** Of a queue of this server, by full name. @default none has any */
  requestSlotsOf?: (queue: string) => RequestSlots | undefined;
  /** Messages of which the process may die, of all queues. @default of this queue */
  solo?: SoloRuns;
  /** Of the queue's handlers that wait for answers to requests. @default they are not counted */
  waits?: WaitCount;
  /** The same, of the whole server. Undefined: it has no bound of its own. */
  serverWaits?: WaitCount | undefined;
  wire: SqsWire;
  /** Undefined: the process's, if it has one. */
  telemetry?: Telemetry | undefined;
  /** What handlers emit belongs to the conversation of what they handle. @default true */
  conversation?: boolean | undefined;
  /** Undefined: none. */
  inbox?: Inbox | undefined;
  /** For limits that all processes share. @default each process has its own */
  steeringStore?: SteeringStore | undefined;
  /** While the store does not answer. @default 'wait' */
  onStoreUnavailable?: 'wait' | 'proceed' | undefined;
  /** The inbox's store knows the attempts of all processes. */
  inboxIsShared?: boolean;
  /** The queue's tags, where a message is marked that may kill its process. @default none are read or written */
  tags?: Pick<SqsControlPlane, 'listQueueTags' | 'tagQueue' | 'untagQueue'> | undefined;
  /** What the tags tell, for all who ask of this queue. @default one that reads `tags` */
  tagReader?: QueueTagReader | undefined;
  /** Copies to the dead letter queue are refused: the messages stay in their queue until one is accepted. */
  onDeadLettersRefused?: (error: SnsSqsError) => void;
  onDeadLettersAccepted?: () => void;
  logger: Pick<LoggerService, 'log' | 'warn' | 'error'>;
  /** The process's; undefined: the event loop and the machine are taken to run all the time. */
  watch?: ClockWatch | undefined;
  onFault: (error: SnsSqsError) => void;
  onRecovery: () => void;
}
