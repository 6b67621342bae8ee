import { isTraced, originsOf, traceCall } from '../events/traced.js';
import type { ReceiveOperation, SettleOperation, Telemetry } from '../interfaces/telemetry.interface.js';
import type {
  BatchResult,
  Deletion,
  OutgoingSqsMessage,
  ReceiveRequest,
  SqsMessage,
  SqsWire,
  Traced,
  VisibilityChange,
} from '../interfaces/wire.interface.js';

export interface TracedSqsWireOptions {
  queue: { name: string; url: string };
  telemetry: Telemetry | undefined;
  /** What a change of visibility is here. */
  visibility: 'delay' | 'extend';
}

/** A consumer's calls to SQS, seen by tracers. Without one each call costs a look at some flags. */
export class TracedSqsWire implements SqsWire {
  constructor(
    private readonly wire: SqsWire,
    private readonly options: TracedSqsWireOptions,
  ) {}

  receive(request: ReceiveRequest): Promise<SqsMessage[]> {
    const { queue, telemetry } = this.options;
    if (!isTraced('receive', telemetry)) return this.wire.receive(request);
    const operation: ReceiveOperation = { queue: queue.name, queueUrl: request.queueUrl };
    const onAnswer = (messages: SqsMessage[]): void => void (operation.messages = messages);
    return traceCall('receive', telemetry, operation, () => this.wire.receive(request), onAnswer);
  }

  deleteBatch(queueUrl: string, entries: readonly Deletion[]): Promise<BatchResult> {
    if (!isTraced('settle', this.options.telemetry)) return this.wire.deleteBatch(queueUrl, entries);
    const call = (): Promise<BatchResult> => this.wire.deleteBatch(queueUrl, entries);
    return this.settle({ call: 'DeleteMessageBatch', settlement: 'delete' }, entries, call);
  }

  changeVisibilityBatch(queueUrl: string, entries: readonly VisibilityChange[]): Promise<BatchResult> {
    const { telemetry, visibility } = this.options;
    if (!isTraced('settle', telemetry)) return this.wire.changeVisibilityBatch(queueUrl, entries);
    const call = (): Promise<BatchResult> => this.wire.changeVisibilityBatch(queueUrl, entries);
    return this.settle({ call: 'ChangeMessageVisibilityBatch', settlement: visibility }, entries, call);
  }

  /** A consumer sends nothing but copies for its dead-letter queue. */
  sendBatch(queueUrl: string, entries: readonly OutgoingSqsMessage[]): Promise<BatchResult> {
    if (!isTraced('settle', this.options.telemetry)) return this.wire.sendBatch(queueUrl, entries);
    const call = (): Promise<BatchResult> => this.wire.sendBatch(queueUrl, entries);
    return this.settle({ call: 'SendMessageBatch', settlement: 'dead-letter' }, entries, call);
  }

  private settle(
    what: Pick<SettleOperation, 'call' | 'settlement'>,
    entries: readonly Traced[],
    call: () => Promise<BatchResult>,
  ): Promise<BatchResult> {
    const { queue, telemetry } = this.options;
    const operation: SettleOperation = {
      ...what,
      queue: queue.name,
      queueUrl: queue.url,
      count: entries.length,
      origins: originsOf(entries),
    };
    const onAnswer = ({ failed }: BatchResult): void => void (operation.failed = failed);
    return traceCall('settle', telemetry, operation, call, onAnswer);
  }
}
