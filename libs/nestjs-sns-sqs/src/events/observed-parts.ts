/** What a part of the library shows of itself when metrics are read: plain data, no call is made. */
export interface ObservedQueue {
  queue: string;
  concurrency: number;
  /** Handlers that run, and lanes that wait for a slot. */
  running: number;
  /** Messages that were received and have not ended. */
  inFlight: number;
  /** Handlers that run although their time is over. */
  overdue: number;
  isUp: boolean;
}

/** How many messages SQS has, about. */
export interface QueueDepth {
  queue: string;
  visible: number;
  inFlight: number;
  delayed: number;
  deadLetters: number;
}

export interface ObservedServer {
  queues(): ObservedQueue[];
  /** Asks SQS: two calls for each queue. A queue that does not answer is left out. Never rejects. */
  depths(): Promise<QueueDepth[]>;
}

export interface ObservedClient {
  destination: string;
  /** Emits that AWS has not answered. */
  readonly pendingEmits: number;
}

/** The messages of one destination in an outbox, as they were about ten seconds ago at most. */
export interface ObservedOutboxDestination {
  /** `sns:<topic>`, `sqs:<queue>`, an ARN or a URL. */
  destination: string;
  waiting: number;
  /** Age of the oldest that waits, in milliseconds. */
  oldestMs: number;
  refused: number;
  scheduled: number;
}

export interface ObservedOutbox {
  /** Why messages are not published; undefined: they are. */
  readonly fault: string | undefined;
  readonly status: readonly ObservedOutboxDestination[];
}

interface ObservedParts {
  servers: Set<ObservedServer>;
  /** Not held: a client that was never closed may be collected. */
  clients: Set<WeakRef<ObservedClient>>;
  /** Those that this process relays. A copy of an earlier release has none. */
  outboxes?: Set<ObservedOutbox>;
}

/** One for all builds and copies of this library in the process. */
const PARTS = Symbol.for('nestjs-sns-sqs.observed-parts');
const holder = globalThis as { [PARTS]?: ObservedParts };

const parts: ObservedParts = (holder[PARTS] ??= { servers: new Set(), clients: new Set() });

/** Gives what ends it. */
export function observeServer(server: ObservedServer): () => void {
  parts.servers.add(server);
  return () => void parts.servers.delete(server);
}

/** Gives what ends it. */
export function observeClient(client: ObservedClient): () => void {
  const reference = new WeakRef(client);
  parts.clients.add(reference);
  return () => void parts.clients.delete(reference);
}

const outboxes = (parts.outboxes ??= new Set());

/** Gives what ends it. */
export function observeOutbox(outbox: ObservedOutbox): () => void {
  outboxes.add(outbox);
  return () => void outboxes.delete(outbox);
}

/** Outboxes that this process relays. */
export const observedOutboxes = (): ObservedOutbox[] => [...outboxes];

/** Servers that receive, in this process. */
export const observedServers = (): ObservedServer[] => [...parts.servers];

/** Clients that are open, in this process. */
export function observedClients(): ObservedClient[] {
  const clients: ObservedClient[] = [];
  for (const reference of parts.clients) {
    const client = reference.deref();
    if (client) clients.push(client);
    else parts.clients.delete(reference);
  }
  return clients;
}
