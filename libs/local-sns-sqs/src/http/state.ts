import type { Broker } from '../core/broker.js';
import type { Message } from '../core/message.js';
import type { Queue } from '../core/queue/queue.js';
import type { RecentCall, RecentCalls } from './recent-calls.js';

/** Of each queue so many messages are told, with so many characters of their bodies. */
const MAX_MESSAGES = 50;
const MAX_CHARACTERS = 4_000;

export interface MessageState {
  id: string;
  state: string;
  body: string;
  /** Characters of the body that are left out. */
  cut: number;
  attributes: Record<string, string>;
  group: string | undefined;
  receives: number;
  sentAt: number;
}

export interface QueueState {
  name: string;
  visible: number;
  inFlight: number;
  delayed: number;
  /** The queues whose dead letters it takes. */
  deadLettersOf: string[];
  /** The oldest of them. */
  messages: MessageState[];
}

export interface TopicState {
  name: string;
  subscriptions: Array<{ endpoint: string; raw: boolean; scope: string; filter: string | undefined }>;
}

export interface BrokerState {
  region: string;
  account: string;
  now: number;
  queues: QueueState[];
  topics: TopicState[];
  /** The latest first. */
  calls: RecentCall[];
}

function messageState({ content, state, receiveCount, sentAt }: Message): MessageState {
  const { id, body, groupId, attributes } = content;
  return {
    id,
    state,
    body: body.slice(0, MAX_CHARACTERS),
    cut: Math.max(0, body.length - MAX_CHARACTERS),
    attributes: Object.fromEntries(
      [...(attributes?.values ?? [])].map(([name, value]) => [name, value.StringValue ?? value.BinaryValue ?? '']),
    ),
    group: groupId,
    receives: receiveCount,
    sentAt,
  };
}

function oldest({ messages }: Queue): MessageState[] {
  const shown: MessageState[] = [];
  for (const message of messages.values()) {
    if (shown.length === MAX_MESSAGES) break;
    shown.push(messageState(message));
  }
  return shown;
}

/** What the page shows. It looks, and receives nothing. */
export function stateOf(broker: Broker, recent: RecentCalls): BrokerState {
  const queues = [...broker.queues.values()];
  return {
    region: broker.region,
    account: broker.accountId,
    now: broker.now(),
    queues: queues.map(queue => ({
      name: queue.name,
      visible: queue.ready,
      inFlight: queue.inFlight,
      delayed: queue.delayed,
      deadLettersOf: queues.filter(({ redrive }) => redrive?.deadLetterTargetArn === queue.arn).map(({ name }) => name),
      messages: oldest(queue),
    })),
    topics: [...broker.topics.values()].map(({ name, subscriptions }) => ({
      name,
      subscriptions: [...subscriptions.values()].map(({ endpoint, raw, scope, attributes }) => ({
        endpoint,
        raw,
        scope,
        filter: attributes.get('FilterPolicy'),
      })),
    })),
    calls: recent.list(),
  };
}
