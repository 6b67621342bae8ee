import type { SNSClient, SNSClientConfig } from '@aws-sdk/client-sns';
import type { SQSClient, SQSClientConfig } from '@aws-sdk/client-sqs';
import type { InboxOptions, InboxQueueOptions } from './inbox-options.interface.js';
import type { TopologyOptions } from './topology-options.interface.js';
import type { Telemetry } from './telemetry.interface.js';
import type { SteeringOptions } from './steering-options.interface.js';
import type { ConsumerDeserializer, Serializer } from '@nestjs/microservices';

/** Exponential backoff: a random delay between 80 and 100 % of min(maxSeconds, initialSeconds × factor^(attempt-1)). */
export interface BackoffOptions {
  /** Bound of the first delay, in seconds. @default 2 */
  initialSeconds?: number | undefined;
  /** @default 8 */
  factor?: number | undefined;
  /** Bound of every delay, in seconds; at most 43,200 (12 h). @default 1800 */
  maxSeconds?: number | undefined;
}

/** How long a message is tried. Options of a queue; on `ServerSQSOptions` they are the default for every queue. */
export interface RetryOptions {
  /**
   * A handler that throws `RetryLater` uses up no attempt for so long, in seconds, counted from the first one that this
   * process sees of the message; later ones count as attempts. 0 to 1,209,600. @default 43200 (12 h)
   */
  retryLaterForSeconds?: number | undefined;
  /**
   * How long a message waits whose type no handler of this version takes, in seconds: another version of the service may
   * take it. Then it is dead-lettered with NO_HANDLER. 0 to 1,209,600. @default 900
   */
  unknownTypeGraceSeconds?: number | undefined;
  /**
   * How long the queue keeps a message that nobody deletes, in seconds, 60 to 1,209,600. A message that would wait longer
   * is dead-lettered before. `create` raises a queue that keeps its messages for less, and never lowers it. A dead-letter
   * queue always keeps them 14 days. @default 1209600 (14 days)
   */
  retentionSeconds?: number | undefined;
  /**
   * True for an error that no retry can mend: its message is dead-lettered at once. A function that throws counts as
   * false. @default true for what a `ValidationPipe` refuses (status 400 or 422 with a list of messages)
   */
  isPermanent?: ((error: unknown) => boolean) | undefined;
}

export interface ConsumerOptions extends InboxQueueOptions, RetryOptions, SteeringOptions {
  /** False: this queue does not use the server's inbox. @default true */
  inbox?: boolean | undefined;
  /** Maximum number of messages of this queue that this process handles at the same time. @default 10 */
  concurrency?: number | undefined;
  /**
   * Lease of a received message, in seconds, 1 to 43,200; extended while the handler runs. The lease counts from the
   * answer of the receive, less 6 s, or less a fifth of the lease if that is shorter. @default 30
   */
  visibilityTimeoutSeconds?: number | undefined;
  /**
   * Length of the long poll, in seconds, 0 to 20. With 0 the library pauses between receives that find nothing, for up
   * to 1 s. @default 20
   */
  waitTimeSeconds?: number | undefined;
  /** Number of attempts before the dead-letter queue, 1 to 1,000. @default 5 */
  maxReceiveCount?: number | undefined;
  /**
   * How long a handler may run, in milliseconds; then `getSignal()` aborts and the attempt has failed. A handler that
   * continues keeps its slot and its lane, for as long again and for at least 15 minutes. @default 300000
   */
  handlerTimeoutMs?: number | undefined;
  backoff?: BackoffOptions | undefined;
  /**
   * On a FIFO queue, when a message fails. `'block'`: its group waits for it, in order. `'skip'`: the message goes to
   * the dead-letter queue at once, and its group continues. @default 'block'
   */
  onGroupFailure?: 'block' | 'skip' | undefined;
  /**
   * On a standard queue, `'subject'`: this process handles the messages of one subject one at a time. Order is not
   * kept by it, since the queue keeps none. @default 'none', with an `ordering` 'subject'
   */
  laneBy?: 'none' | 'subject' | undefined;
}

/**
 * `'create'`: makes what is missing and repairs what differs; `'verify'`: changes nothing, fails the start when
 * something differs; `'off'`: only looks up the queues. @default 'create'
 */
export type Provisioning = 'create' | 'verify' | 'off';

/** Configuration that the SDK's clients of both SNS and SQS accept: region, endpoint, credentials, … */
export type AwsClientOptions = SQSClientConfig & SNSClientConfig;

export interface AwsAccessOptions {
  /**
   * Configuration of the SDK clients; what is left out comes from the SDK's own defaults (AWS_REGION, AWS_ENDPOINT_URL,
   * …). Without a `requestHandler` a connection that is silent for 10 s, with a long poll for 30 s, is given up.
   */
  aws?: AwsClientOptions | undefined;
  /**
   * How receives, deletes, changes of visibility, sends and publishes travel. `'sdk'`: over the SDK client. `'lean'`:
   * signed and sent without the SDK's layers, for a fraction of their CPU; credentials, region, endpoint and retries
   * are still those of the client, its middleware and request handler are not (docs/wire.md). @default 'sdk'
   */
  wire?: 'sdk' | 'lean' | undefined;
}

/** Telemetry of messages, beside the diagnostics channels. */
export interface TelemetryOptions {
  /**
   * Traces what this server or client does: `otel()` of `nestjs-sns-sqs/otel`.
   * @default what `SnsSqsInstrumentation` has registered for the process, if anything
   */
  telemetry?: Telemetry | undefined;
  /**
   * True: what a handler emits has the `correlationid` of the message that it handles (its id, if it has none), and its
   * id as `causationid`. Values on the record take precedence. `ServerSQS` notes what is handled, and clients write it.
   * @default true
   */
  conversation?: boolean | undefined;
}

export interface ServerSQSOptions extends AwsAccessOptions, RetryOptions, TelemetryOptions {
  /** This service's name, part of its queues' and topic's names: 1 to 50 of A-Z a-z 0-9 - _, e.g. `notifications`. */
  service: string;
  /** Text before every topic and queue name, e.g. `dev-`. @default '' */
  prefix?: string | undefined;
  /** A ready client instead of `aws`, which stays open after `close()`. */
  sqs?: SQSClient | undefined;
  /** A ready client instead of `aws`, which stays open after `close()`. */
  sns?: SNSClient | undefined;
  provisioning?: Provisioning | undefined;
  /**
   * Names for decorators that compute theirs: `@OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email',
   * queue: ({ config }) => config['emailQueue'] })`. @default none
   */
  config?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Maximum number of messages that this process handles at the same time, across all queues. Queues take turns.
   * @default no bound but the queues' own
   */
  concurrency?: number | undefined;
  /**
   * True: `pause()` and `resume()` hold for all processes of this service, through the store of the inbox
   * (`RedisInboxStore`), also for those that start later. Other processes follow within about 5 s. @default false
   */
  sharedPauses?: boolean | undefined;
  /** Defaults for every queue. */
  consumer?: ConsumerOptions | undefined;
  /** Settings of single queues, by queue name without prefix. */
  queues?: Record<string, ConsumerOptions> | undefined;
  /** False: no inbox, so a duplicate is handled twice. @default in the memory of this process */
  inbox?: InboxOptions | false | undefined;
  /** Tags and encryption of the queues that `create` makes, and that `verify` compares. @default none */
  topology?: TopologyOptions | undefined;
  /**
   * Old names of this service. Queues that their tags give to one of them are taken over; without it the start fails
   * with QUEUE_OWNED_BY_ANOTHER. @default none
   */
  formerly?: string[] | undefined;
  /**
   * How long the start retries calls that AWS throttles or does not answer, in milliseconds, 0 to 900,000; then
   * `listen()` fails with the last error. Missing rights and wrong options fail it at once. @default 30000
   */
  startTimeoutMs?: number | undefined;
  /** How long `close()` waits for running handlers, in milliseconds. @default 20000 */
  shutdownTimeoutMs?: number | undefined;
  /**
   * AWS accounts, of 12 digits each, beside its own: answers go to reply queues in these too. A request whose reply queue
   * is in any other account is handled without an answer, with a warning. @default none
   */
  replyAccounts?: string[] | undefined;
  /**
   * The handlers of this server: those whose decorator names this id or none, `@EventPattern(pattern, id)`. For
   * several servers in one app; `@OnDomainEvent` and `@OnCommand` take it as `transport`. @default SQS_TRANSPORT
   */
  transportId?: symbol | undefined;
  /** Writes a reply: called with `{ id, response, err, isDisposed }`; gives a string, or an object, written as JSON. */
  serializer?: Serializer | undefined;
  /** Turns a message body (a string, SNS's wrapper removed) into `{ pattern, data }`; replaces the CloudEvents one. */
  deserializer?: ConsumerDeserializer | undefined;
}
