import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { ProducerDeserializer, ProducerSerializer } from '@nestjs/microservices';
import type { AwsAccessOptions, Provisioning, TelemetryOptions } from './options.interface.js';
import type { OutboxStore } from './outbox-store.interface.js';

export interface PublishOptions {
  /**
   * How long a publish waits for a fuller batch while another call is in flight, in milliseconds, 0 to 1,000. A lone
   * publish leaves at once. @default 5
   */
  lingerMs?: number | undefined;
  /** Tries of an entry, and of the first look-up of its topic or queue, that failed for a retryable reason, 1 to 20. @default 5 */
  maxAttempts?: number | undefined;
  /** Delay before the second try, in milliseconds; doubles from there with full jitter, up to 5 s. @default 100 */
  retryDelayMs?: number | undefined;
  /**
   * Maximum number of emits that wait for AWS's answer, 1 to 1,000,000. The next `emit()` errors with PUBLISH_BACKLOG
   * and sends nothing. @default 10000
   */
  maxPending?: number | undefined;
  /**
   * Longest time from `emit()` to its result, in milliseconds, 100 to 900,000: look-ups, waiting and all tries included.
   * Then it errors with PUBLISH_TIMEOUT; AWS may have accepted the event. @default 60000
   */
  timeoutMs?: number | undefined;
}

/** Computes an id from what `emit` was given; undefined: none. */
export type RecordIdFactory = (pattern: string, data: unknown) => string | undefined;

export interface ClientOptionsBase extends AwsAccessOptions, TelemetryOptions {
  /** @default '' */
  prefix?: string | undefined;
  /**
   * The sending service, written as the event's `source`. @default ClientSNS: `service`; ClientSQS:
   * OTEL_SERVICE_NAME, else this process's own service, which a `ServerSQS`, a `ClientSNS` or `SnsSqsModule` names; with
   * none or several of them a name that changes at every start, and a warning
   */
  source?: string | undefined;
  /** @default 'create' */
  provisioning?: Provisioning | undefined;
  publish?: PublishOptions | undefined;
  /**
   * How long `close()`, and an app that ends, waits for AWS to answer for what was emitted, in milliseconds, 0 to
   * 900,000; what has no answer then errors with CLIENT_CLOSED. @default 20000
   */
  shutdownTimeoutMs?: number | undefined;
  /**
   * Message group of a record without one. `'none'`: on FIFO each message gets a group of its own, so that such
   * messages have no order and do not wait for each other; on standard queues and topics they have no group. A record's
   * own group counts. A function that gives undefined leaves the record without: on FIFO `emit()` then errors with
   * GROUP_ID_MISSING. @default a record has to name one on FIFO
   */
  groupId?: RecordIdFactory | 'none' | undefined;
  /** Deduplication id of a record without one. Without either, FIFO deduplicates by the event's source and id. */
  deduplicationId?: RecordIdFactory | undefined;
  /**
   * Writes the body: called with Nest's packet `{ pattern, data }` and `{ event }`, the CloudEvents object; gives a
   * string, or an object that is then written as JSON. @default the CloudEvents object
   */
  serializer?: ProducerSerializer | undefined;
  /**
   * The table of messages that are published after the commit of the transaction that they were emitted in, e.g.
   * `new PostgresOutbox({ pool })` of `nestjs-sns-sqs/postgres`. One object for all clients of a database. @default none
   */
  outbox?: OutboxStore | undefined;
}

export interface ClientSNSOptions extends ClientOptionsBase {
  /** The service whose topic this publishes to, `<service>-domain-events`; also the default `source`. */
  service: string;
  /** Full ARN in place of the conventional name; then no provisioning is done. */
  topicArn?: string | undefined;
  /** A ready client instead of `aws`, which stays open after `close()`. */
  sns?: SNSClient | undefined;
}

export interface ClientSQSOptions extends ClientOptionsBase {
  /** The service that receives the commands: `<service>-async-commands.fifo`. */
  service: string;
  /** A queue name (without prefix) in place of the conventional one. */
  queue?: string | undefined;
  /** Full URL instead of the name. The client then looks nothing up. */
  queueUrl?: string | undefined;
  /**
   * How long `send()` waits for the first reply, in milliseconds; then it errors with REPLY_TIMEOUT, and a request that
   * has not started by then is not run. `SqsRecordBuilder.setReplyTimeoutMs()` overrides it. @default no bound
   */
  replyTimeoutMs?: number | undefined;
  /** Turns the body of a reply (a string) into `{ response, err, isDisposed }`. @default reads that as JSON */
  deserializer?: ProducerDeserializer | undefined;
  /** A ready client instead of `aws`, which stays open after `close()`. */
  sqs?: SQSClient | undefined;
}
