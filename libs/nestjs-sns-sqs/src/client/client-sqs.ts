import type { SQSClient } from '@aws-sdk/client-sqs';
import type { MsPattern, ReadPacket } from '@nestjs/microservices';
import { Observable } from 'rxjs';
import { abortController } from '../async/abort.js';
import { SQS_MAX_BYTES } from '../constants.js';
import { announcePart } from '../events/app-parts.js';
import type { ClientSQSOptions } from '../interfaces/client-options.interface.js';
import type { SqsWire } from '../interfaces/wire.interface.js';
import { mayAsk, waitsForAnswer } from '../async/own-requests.js';
import { quoted } from '../logging/printable.js';
import { isOwnService, knownSource, serviceChanges, unknownSource } from '../options/own-service.js';
import {
  assertNoNameProblems,
  commandQueue,
  isFifoName,
  nameOfUrl,
  queueNameProblem,
  withPrefix,
} from '../topology/names.js';
import { queueUrlFor } from '../topology/publish-targets.js';
import { accessSqs, type AwsAccess } from '../wire/aws-access.js';
import { SdkSqsControlPlane } from '../wire/sqs-control-plane.js';
import { isNil, SnsSqsClient } from './client-base.js';
import { checkClientSqsOptions } from './client-options.js';
import type { ReplyCallback } from './request/pending-request.js';
import { ClientOutbox } from './outbox/client-outbox.js';
import { Publisher } from './publish/publisher.js';
import { ReplyQueueMember } from './request/reply-queue-member.js';
import { Requester } from './request/requester.js';

/** `https://sqs…/123456789012/q.fifo/?a=b` → `https://sqs…/123456789012/q.fifo` */
const plainUrl = (queueUrl: string): string => queueUrl.replace(/\/*([?#].*)?$/, '');

/**
 * Sends commands to a service's command queue, `<service>-async-commands.fifo`: `emit()` orders, `send()` also waits
 * for the reply, which comes to a queue of this process's own.
 * `ClientsModule.register([{ name: 'NOTIFICATIONS', customClass: ClientSQS, options: { service: 'notifications' } }])`
 *
 * @example
 * ```ts
 * const client = new ClientSQS({ service: 'notifications' }); // the service that gets the commands
 * const command = new SqsRecordBuilder({ userId: user.id }).setGroupId(user.id).build();
 * await lastValueFrom(client.emit('send-welcome-email', command));
 * ```
 */
export class ClientSQS extends SnsSqsClient {
  protected readonly publisher: Publisher;
  protected readonly outbox: ClientOutbox | undefined;
  private readonly aws: AwsAccess<SQSClient, SqsWire>;
  private readonly stopping = abortController();
  private readonly replies: ReplyQueueMember;
  private readonly requester: Requester;
  private readonly queue: string;
  private readonly withdraw: () => void;
  private hasToldOfMade = false;

  /** Throws INVALID_OPTIONS with every problem, INVALID_NAME for a queue that AWS would refuse. */
  constructor(private readonly options: ClientSQSOptions) {
    super();
    checkClientSqsOptions(options);
    const { service, prefix = '', queueUrl } = options;
    const queue =
      (queueUrl === undefined ? undefined : nameOfUrl(plainUrl(queueUrl))) ??
      withPrefix(prefix, options.queue ?? commandQueue(service));
    if (queueUrl === undefined) assertNoNameProblems([queueNameProblem(queue)]);
    this.queue = queue;
    this.aws = accessSqs(options);
    const { wire } = this.aws;
    let known = options.source;
    // One that is not known yet may be once the server is made.
    let askedAt: number | undefined;
    const source = (): string => {
      if (known === undefined && askedAt !== serviceChanges()) {
        askedAt = serviceChanges();
        known = knownSource();
      }
      return known ?? unknownSource(text => this.logger.warn(text));
    };
    const fifo = isFifoName(queue);
    this.publisher = new Publisher({
      destination: {
        name: queue,
        fifo,
        get source() {
          return source();
        },
      },
      operation: 'SendMessageBatch',
      makes: queueUrl === undefined && (options.provisioning ?? 'create') === 'create',
      resolve: () => this.whenFound(this.resolve(queue)),
      send: (url, entries) => wire.sendBatch(url, entries),
      maxBatchBytes: SQS_MAX_BYTES,
      client: options,
    });
    this.outbox =
      options.outbox &&
      new ClientOutbox({
        store: options.outbox,
        publisher: this.publisher,
        destination: queueUrl === undefined ? `sqs:${queue}` : plainUrl(queueUrl),
        fifo: isFifoName(queue),
        client: options,
        logger: this.logger,
      });
    this.replies = new ReplyQueueMember({ access: options, prefix, caller: source, logger: this.logger });
    const { replyTimeoutMs } = options;
    this.requester = new Requester({ publisher: this.publisher, replies: this.replies, replyTimeoutMs });
    this.withdraw = mayAsk();
    announcePart({ kind: 'sender', options, queue });
  }

  /** The SDK client in use. */
  unwrap<T = SQSClient>(): T {
    return this.aws.client as T;
  }

  /**
   * Sends a request at each subscription, and gives the items of its reply. Errors with what the handler's filters made
   * of its error, with REPLY_TIMEOUT, CLIENT_CLOSED, or with why it was not sent. Unsubscribing ends the wait, and the
   * request is still handled. The request takes its place in its group at the subscription.
   */
  override send<TResult = unknown, TInput = unknown>(pattern: unknown, data: TInput): Observable<TResult> {
    // Nest refuses them with an error of its own.
    if (isNil(pattern) || isNil(data)) return super.send<TResult, TInput>(pattern, data);
    return new Observable(observer => {
      const tell = this.createObserver(observer);
      return this.publish({ pattern, data }, packet => {
        try {
          tell(packet);
        } catch (error) {
          // serializeError() and serializeResponse() may be the app's own: its caller would wait for ever.
          observer.error(error);
        }
      });
    });
  }

  protected override publish(packet: ReadPacket, callback: ReplyCallback): () => void {
    const type = this.typeOf(packet.pattern as MsPattern);
    const input = this.inputOf(packet);
    const answered = waitsForAnswer(this.queue);
    const giveUp = this.requester.request(type, input, reply => {
      if (reply.isDisposed || reply.err) answered();
      callback(reply);
    });
    return () => {
      answered();
      giveUp();
    };
  }

  protected override endRequests(): Promise<void> {
    return this.replies.close();
  }

  protected destroy(): void {
    this.stopping.abort();
    this.withdraw();
    this.aws.destroy();
  }

  private resolve(queue: string): Promise<string> {
    const { queueUrl, provisioning = 'create', service } = this.options;
    if (queueUrl !== undefined) return Promise.resolve(plainUrl(queueUrl));
    const planes = { sqs: new SdkSqsControlPlane(this.aws.client), signal: this.stopping.signal };
    return queueUrlFor(queue, provisioning, planes, service, () => this.tellOfMade(queue));
  }

  /** A misspelt service has a queue then that takes commands, and that nobody reads. */
  private tellOfMade(queue: string): void {
    const { service, source, queue: ownName } = this.options;
    if (this.hasToldOfMade || isOwnService(service) || source === service) return;
    this.hasToldOfMade = true;
    const whose = ownName === undefined ? `the command queue of the service ${quoted(service)}` : 'which was missing';
    this.logger.warn(
      `Created the queue ${queue}, ${whose}: no consumer has created it yet. Messages wait there for a consumer, 14 days at most. If the name is wrong, nobody handles them. Remedy: check \`service\`${ownName === undefined ? '' : ', `queue`'} and \`prefix\`, or start the consumer first; with \`provisioning: 'verify'\` the client creates nothing and emit() errors instead.`,
    );
  }
}
