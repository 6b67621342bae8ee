import type { SQSClient } from '@aws-sdk/client-sqs';
import { SQS_MAX_BYTES } from '../constants.js';
import type { ClientSQSOptions } from '../interfaces/options.interface.js';
import { assertNoNameProblems, commandQueue, isFifoName, queueNameProblem } from '../topology/names.js';
import { queueUrlFor } from '../topology/publish-targets.js';
import { createSqsClient } from '../wire/aws-clients.js';
import { SdkSqsWire } from '../wire/sdk-sqs-wire.js';
import { SdkSqsControlPlane } from '../wire/sqs-control-plane.js';
import { SnsSqsClient } from './client-base.js';
import { checkClientSqsOptions } from './client-options.js';
import { Publisher } from './publisher.js';

/** As OpenTelemetry names a service that does not say its name. */
const UNKNOWN_SOURCE = 'unknown_service';

/**
 * Sends commands to a service's command queue, `<service>-async-commands.fifo`.
 * `ClientsModule.register([{ name: 'NOTIFICATIONS', customClass: ClientSQS, options: { service: 'notifications' } }])`
 */
export class ClientSQS extends SnsSqsClient {
  protected readonly publisher: Publisher;
  private readonly sqs: SQSClient;
  private readonly stopping = new AbortController();

  /** Throws INVALID_OPTIONS with every problem, INVALID_NAME for a queue that AWS would refuse. */
  constructor(private readonly options: ClientSQSOptions) {
    super();
    checkClientSqsOptions(options);
    const { service, prefix = '', queueUrl } = options;
    const queue =
      queueUrl?.slice(queueUrl.lastIndexOf('/') + 1) ?? `${prefix}${options.queue ?? commandQueue(service)}`;
    if (queueUrl === undefined) assertNoNameProblems([queueNameProblem(queue)]);
    this.sqs = options.sqs ?? createSqsClient(options.aws);
    const wire = new SdkSqsWire(this.sqs);
    this.publisher = new Publisher({
      destination: {
        name: queue,
        fifo: isFifoName(queue),
        source: options.source ?? process.env['OTEL_SERVICE_NAME'] ?? UNKNOWN_SOURCE,
      },
      operation: 'SendMessageBatch',
      resolve: () => this.resolve(queue),
      send: (url, entries) => wire.sendBatch(url, entries),
      maxBatchBytes: SQS_MAX_BYTES,
      client: options,
    });
  }

  /** The SDK client in use. */
  unwrap<T = SQSClient>(): T {
    return this.sqs as T;
  }

  protected destroy(): void {
    this.stopping.abort();
    if (!this.options.sqs) this.sqs.destroy();
  }

  private resolve(queue: string): Promise<string> {
    const { queueUrl, provisioning = 'create' } = this.options;
    if (queueUrl !== undefined) return Promise.resolve(queueUrl);
    const planes = { sqs: new SdkSqsControlPlane(this.sqs), signal: this.stopping.signal };
    return queueUrlFor(queue, provisioning, planes);
  }
}
