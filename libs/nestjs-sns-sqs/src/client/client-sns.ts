import type { SNSClient } from '@aws-sdk/client-sns';
import { abortController } from '../async/abort.js';
import { SNS_DEFAULT_MAX_BYTES } from '../constants.js';
import type { ReadPacket, WritePacket } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import { announcePart } from '../events/app-parts.js';
import type { ClientSNSOptions } from '../interfaces/client-options.interface.js';
import type { SnsWire } from '../interfaces/wire.interface.js';
import { announceService } from '../options/own-service.js';
import {
  assertNoNameProblems,
  domainEventsTopic,
  isFifoName,
  topicNameProblem,
  withPrefix,
} from '../topology/names.js';
import { topicArnFor, type AccountAndRegion } from '../topology/publish-targets.js';
import { accessSns, type AwsAccess } from '../wire/aws-access.js';
import { SdkSnsControlPlane } from '../wire/sns-control-plane.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { SnsSqsClient } from './client-base.js';
import { checkClientSnsOptions } from './client-options.js';
import { ClientOutbox } from './outbox/client-outbox.js';
import { Publisher } from './publish/publisher.js';

/**
 * Publishes a service's domain events to its topic, `<service>-domain-events`.
 * `ClientsModule.register([{ name: 'EVENTS', customClass: ClientSNS, options: { service: 'users' } }])`
 *
 * @example
 * ```ts
 * const client = new ClientSNS({ service: 'users' });
 * await lastValueFrom(client.emit('user.registered', { id: user.id })); // completes when SNS has accepted this event
 * ```
 */
export class ClientSNS extends SnsSqsClient {
  protected readonly publisher: Publisher;
  protected readonly outbox: ClientOutbox | undefined;
  private readonly aws: AwsAccess<SNSClient, SnsWire>;
  private readonly stopping = abortController();
  private readonly withdraw: () => void;

  /** Throws INVALID_OPTIONS with every problem, INVALID_NAME for a topic that AWS would refuse. */
  constructor(private readonly options: ClientSNSOptions) {
    super();
    checkClientSnsOptions(options);
    const { service, prefix = '', topicArn } = options;
    const topic = topicArn?.slice(topicArn.lastIndexOf(':') + 1) ?? withPrefix(prefix, domainEventsTopic(service));
    if (topicArn === undefined) assertNoNameProblems([topicNameProblem(topic)]);
    this.aws = accessSns(options);
    const { wire } = this.aws;
    this.withdraw = announceService(service);
    this.publisher = new Publisher({
      destination: { name: topic, fifo: isFifoName(topic), filters: true, source: options.source ?? service },
      operation: 'PublishBatch',
      makes: topicArn === undefined && (options.provisioning ?? 'create') === 'create',
      resolve: () => this.whenFound(this.resolve(topic)),
      send: (arn, entries) => wire.publishBatch(arn, entries),
      maxBatchBytes: SNS_DEFAULT_MAX_BYTES,
      client: options,
    });
    announcePart({ kind: 'publisher', options, topic });
    this.outbox =
      options.outbox &&
      new ClientOutbox({
        store: options.outbox,
        publisher: this.publisher,
        destination: topicArn ?? `sns:${topic}`,
        fifo: isFifoName(topic),
        client: options,
        logger: this.logger,
      });
  }

  /** The SDK client in use. */
  unwrap<T = SNSClient>(): T {
    return this.aws.client as T;
  }

  /** Errors with REQUEST_REPLY_UNSUPPORTED: any number of services react to an event, and none answers it. */
  override send<TResult = unknown>(): Observable<TResult> {
    return throwError(() => requestReplyUnsupported());
  }

  protected override publish(_: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    callback({ err: requestReplyUnsupported() });
    return () => undefined;
  }

  protected destroy(): void {
    this.stopping.abort();
    this.withdraw();
    this.aws.destroy();
  }

  private resolve(topic: string): Promise<string> {
    const { topicArn, provisioning = 'create' } = this.options;
    if (topicArn !== undefined) return Promise.resolve(topicArn);
    const planes = { sns: new SdkSnsControlPlane(this.aws.client), signal: this.stopping.signal };
    return topicArnFor(topic, provisioning, planes, () => this.accountAndRegion());
  }

  private async accountAndRegion(): Promise<AccountAndRegion> {
    const { credentials, region } = this.aws.client.config;
    return { region: await region(), accountId: (await credentials()).accountId ?? process.env['AWS_ACCOUNT_ID'] };
  }
}

function requestReplyUnsupported(): SnsSqsError {
  return new SnsSqsError('REQUEST_REPLY_UNSUPPORTED', {
    problem: 'send() expects a reply, and a topic has none',
    remedy: 'emit() an event, or send() to a service by ClientSQS',
  });
}
