import type { Provisioning } from '../interfaces/options.interface.js';
import type { TopologyOptions } from '../interfaces/topology-options.interface.js';
import type { FullName, QueueUrl, TopicArn } from '../interfaces/names.interface.js';

export const DOCUMENT_FORMAT = 'nestjs-sns-sqs/topology';
/** Grows when a reader of an older version would misread the document. */
export const DOCUMENT_VERSION = 1;

/**
 * What an app needs of SNS and SQS, and why: plain JSON in a stable order, which `topology print` writes. Names are full
 * (with the environment's prefix). Nothing in it is a secret, and nothing depends on an account.
 */
export interface TopologyDocument {
  format: typeof DOCUMENT_FORMAT;
  version: typeof DOCUMENT_VERSION;
  /** One for each `ServerSQS`. */
  services: ServiceDocument[];
  /** One for each topic that a `ClientSNS` publishes to. */
  publishers: PublisherDocument[];
  /** One for each queue that a `ClientSQS` sends to. */
  senders: SenderDocument[];
  /** One for each service whose contract the app's code knows. */
  contracts: ContractDocument[];
}

export interface ServiceDocument {
  service: string;
  prefix: string;
  provisioning: Provisioning;
  /** Names that the service had before. */
  formerly: string[];
  inbox: InboxKind;
  /** What the team asks of each queue: the option `topology`. */
  topology?: TopologyOptions;
  queues: QueueDocument[];
}

/** `memory`: of one process; `shared`: all processes use one store; `own`: a store that does not say. */
export type InboxKind = 'none' | 'memory' | 'shared' | 'own';

export interface QueueDocument {
  name: FullName;
  fifo: boolean;
  deadLetterQueue: FullName;
  visibilityTimeoutSeconds: number;
  retentionSeconds: number;
  ordering: 'none' | 'latest' | 'sequential';
  formerly: FullName[];
  subscriptions: SubscriptionDocument[];
  handlers: HandlerDocument[];
  settings: QueueSettingsDocument;
}

export interface SubscriptionDocument {
  topic: FullName;
  /** Patterns of the types that the queue's handlers take. */
  types: string[];
}

export interface HandlerDocument {
  /** The type of the message, or a pattern of types. */
  pattern: string;
  /** `event`: of a topic; `command`: of the service's own queue; `request`: answered. */
  kind: 'event' | 'command' | 'request';
  /** The topic that carries it. */
  topic?: FullName;
  /** What the payload has to fit: a JSON Schema, or `true` for a schema that has no such form. */
  schema?: SchemaDocument;
  /** What each item of the answer has to fit. */
  replySchema?: SchemaDocument;
}

export type SchemaDocument = true | Record<string, unknown>;

/** What decides how long a message is tried. */
export interface QueueSettingsDocument {
  concurrency: number;
  handlerTimeoutMs: number;
  maxReceiveCount: number;
  backoff: { initialSeconds: number; factor: number; maxSeconds: number };
  retryLaterForSeconds: number;
  unknownTypeGraceSeconds: number;
  inbox: boolean;
}

export interface PublisherDocument {
  /** Whose events these are. */
  service: string;
  topic: FullName;
  /** Given in place of the name: the topic may be of another account. */
  topicArn?: TopicArn;
  provisioning: Provisioning;
}

export interface SenderDocument {
  /** Who gets the commands. */
  service: string;
  queue: FullName;
  /** Given in place of the name: the queue may be of another account. */
  queueUrl?: QueueUrl;
  provisioning: Provisioning;
}

/** Types are in the order of their names; a type without a schema has none here. */
export interface ContractDocument {
  service: string;
  events: TypeDocument[];
  commands: TypeDocument[];
  requests: RequestDocument[];
}

export interface TypeDocument {
  type: string;
  schema?: SchemaDocument;
}

export interface RequestDocument extends TypeDocument {
  replySchema?: SchemaDocument;
}
