import type { ObservedOutbox } from '../events/observed-parts.js';
import type { ConsumerSnapshot } from './consumer-snapshot.js';

/** One queue of a server, as its health sees it. */
export interface QueueHealth extends ConsumerSnapshot {
  /** `'down'`: nothing of it is handled now, for `reason`; `'held'`: it is paused, or its circuit breaker is open, which leaves the server up. */
  status: 'up' | 'down' | 'held';
  /** Why it is not up; undefined while it is. */
  reason?: string;
}

/** The inbox of a server. */
export interface InboxHealth {
  /** `'down'`: its store does not do what at least one queue needs. */
  status: 'up' | 'down';
  /** Why it is down; undefined while it is up. */
  reason?: string;
}

/** The outboxes that this process relays. */
export interface OutboxHealth {
  /** `'down'`: messages are not published. The server itself stays up: it handles what it receives. */
  status: 'up' | 'down';
  /** Why it is down; undefined while it is up. */
  reason?: string;
  /** Messages of committed transactions that wait for the relay. The number is at most about ten seconds old. */
  waiting: number;
  /** Age of the oldest of them, in milliseconds. */
  oldestMs: number;
  /** Messages that AWS has refused for good. */
  refused: number;
  /** Messages that are to be published later. */
  scheduled: number;
}

/** The result of {@link ServerSQS.health}: plain data, without a call to AWS or to the store. */
export interface ServerHealth {
  /** `'up'`: the server receives, and every queue is up. */
  status: 'up' | 'down';
  /** Why it is down as a whole; undefined while it is up, and where only queues are down. */
  reason?: string;
  /** By full name; empty before the start is over. */
  queues: Record<string, QueueHealth>;
  /** Undefined: the server has none. */
  inbox?: InboxHealth;
  /** Undefined: this process relays none. */
  outbox?: OutboxHealth;
}

interface Fault {
  message: string;
}

export interface HealthFacts {
  /** The server polls its queues, and is not about to end. */
  isPolling: boolean;
  state: string;
  queues: ReadonlyArray<{
    name: string;
    concurrency: number;
    snapshot: ConsumerSnapshot;
    heldFor?: string | undefined;
  }>;
  /** By queue: why its receives fail. */
  receiveFaults: ReadonlyMap<string, Fault>;
  /** By queue: why the store does not do what it needs; undefined: there is no inbox. */
  inboxFaults: ReadonlyMap<string, Fault> | undefined;
  /** A queue without its inbox handles nothing. */
  inboxIsNeeded: boolean;
}

/** A server's health, from what is known of it. Pure. */
export function healthOf(facts: HealthFacts): ServerHealth {
  const { isPolling, state, receiveFaults, inboxFaults, inboxIsNeeded } = facts;
  const whole = isPolling ? undefined : `The server is ${state}`;
  const reasonOf = (name: string, concurrency: number, { overdue }: ConsumerSnapshot): string | undefined => {
    if (whole !== undefined) return whole;
    const fault = receiveFaults.get(name) ?? (inboxIsNeeded ? inboxFaults?.get(name) : undefined);
    if (fault || overdue < concurrency) return fault?.message;
    return `All ${concurrency} slots are held by handlers that have not ended after handlerTimeoutMs`;
  };
  const queues = facts.queues.map(({ name, concurrency, snapshot, heldFor }): [string, QueueHealth] => {
    const reason = reasonOf(name, concurrency, snapshot);
    const isHeld = reason === undefined && heldFor !== undefined;
    const state = isHeld ? { status: 'held' as const, reason: heldFor } : statusOf(reason);
    return [name, { ...state, ...snapshot }];
  });
  const areUp = queues.every(([, { status }]) => status !== 'down');
  const [inboxFault] = inboxFaults?.values() ?? [];
  return {
    ...statusOf(whole),
    ...(!areUp && { status: 'down' }),
    queues: Object.fromEntries(queues),
    ...(inboxFaults && { inbox: statusOf(inboxFault?.message) }),
  };
}

/** What is known of the outboxes of this process; undefined: it relays none. Pure. */
export function outboxHealthOf(outboxes: readonly ObservedOutbox[]): OutboxHealth | undefined {
  if (outboxes.length === 0) return undefined;
  const all = outboxes.flatMap(({ status }) => status);
  const sum = (field: 'waiting' | 'refused' | 'scheduled'): number =>
    all.reduce((total, each) => total + each[field], 0);
  return {
    ...statusOf(outboxes.find(({ fault }) => fault !== undefined)?.fault),
    waiting: sum('waiting'),
    oldestMs: Math.max(0, ...all.map(({ oldestMs }) => oldestMs)),
    refused: sum('refused'),
    scheduled: sum('scheduled'),
  };
}

const statusOf = (reason: string | undefined): { status: 'up' | 'down'; reason?: string } =>
  reason === undefined ? { status: 'up' } : { status: 'down', reason };
