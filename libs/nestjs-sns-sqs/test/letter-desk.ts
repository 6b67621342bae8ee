import { Inspection, type MessageSnapshot } from '../../local-sns-sqs/src/inspection.js';
import type { Output } from '../../local-sns-sqs/src/core/operation.js';
import { CoreDriver } from '../../local-sns-sqs/test/core-driver.js';
import type { DeadLetterPlane } from '../src/dead-letters/dead-letter-plane.js';
import { DeadLetterDesk } from '../src/dead-letters/dead-letter-desk.js';
import type { DeadLetterDeskOptions } from '../src/dead-letters/desk-options.js';
import type { SqsMessage } from '../src/interfaces/wire.interface.js';
import { toBatchResult } from '../src/wire/batch-result.js';
import { deleteInput, idsOf, receiveInput, sendInput, visibilityInput } from '../src/wire/sqs-inputs.js';

/** The desk's calls, carried out by the broker's core: no sockets, and time that stands still. */
export function brokerPlane(core: CoreDriver): DeadLetterPlane {
  const urls = (output: Output, key: string): string[] => (output[key] ?? []) as string[];
  return {
    receive: async request => {
      const output = core.sqs('ReceiveMessage', { ...receiveInput(request), WaitTimeSeconds: 0 });
      return (output['Messages'] ?? []) as SqsMessage[];
    },
    deleteBatch: async (url, entries) =>
      toBatchResult(idsOf(entries), core.sqs('DeleteMessageBatch', deleteInput(url, entries))),
    changeVisibilityBatch: async (url, entries) =>
      toBatchResult(idsOf(entries), core.sqs('ChangeMessageVisibilityBatch', visibilityInput(url, entries))),
    sendBatch: async (url, entries) =>
      toBatchResult(idsOf(entries), core.sqs('SendMessageBatch', sendInput(url, entries))),
    getQueueUrl: async name =>
      core.broker.queues.has(name) ? String(core.sqs('GetQueueUrl', { QueueName: name })['QueueUrl']) : undefined,
    getQueueAttributes: async url => core.attributesOf(url),
    listQueueTags: async url => (core.sqs('ListQueueTags', { QueueUrl: url })['Tags'] ?? {}) as Record<string, string>,
    listQueues: async prefix => urls(core.sqs('ListQueues', { QueueNamePrefix: prefix }), 'QueueUrls'),
    listSources: async url => urls(core.sqs('ListDeadLetterSourceQueues', { QueueUrl: url }), 'queueUrls'),
  };
}

export interface LetterShape {
  id?: string;
  type?: string;
  subject?: string;
  sequence?: string;
  data?: unknown;
  group?: string;
  reason?: string;
  error?: string;
  /** Further attributes. */
  attributes?: Record<string, string>;
  body?: string;
}

/** A queue `orders`, its dead-letter queue, and a desk that looks at them. */
export class LetterRoom {
  readonly core = new CoreDriver();
  readonly inspect = new Inspection(this.core.broker);
  readonly source: string;
  readonly dlq: string;
  private readonly sourceUrl: string;
  readonly dlqUrl: string;
  private made = 0;

  constructor(kind: 'standard' | 'fifo' = 'standard') {
    const end = kind === 'fifo' ? '.fifo' : '';
    this.source = `orders${end}`;
    this.dlq = `orders-dlq${end}`;
    this.dlqUrl = this.core.createQueue(this.dlq, { MessageRetentionPeriod: '1209600' });
    this.sourceUrl = this.core.createQueue(this.source, this.core.redriveTo(this.dlq, 1_000));
  }

  desk(options: DeadLetterDeskOptions = {}, plane = brokerPlane(this.core)): DeadLetterDesk {
    return new DeadLetterDesk(options, {
      plane,
      now: () => this.core.clock.now(),
      wallNow: () => this.core.clock.now(),
      pause: async ms => this.core.advance(ms),
    });
  }

  /** A letter as this library writes them. @returns SQS's id */
  letter(shape: LetterShape = {}): string {
    this.made += 1;
    const { id = `e${this.made}`, type = 'order.placed', group = 'g', reason = 'no', error = 'Error' } = shape;
    const { subject, sequence, data = { at: this.made }, attributes = {} } = shape;
    const event = { specversion: '1.0', id, source: 'shop', type, subject, sequence, data };
    const all = {
      type,
      'deadletter.reason': reason,
      'deadletter.error': error,
      'deadletter.attempts': '5',
      'deadletter.queue': this.source,
      'deadletter.message-id': `original-${this.made}`,
      ...attributes,
    };
    this.core.advance(1);
    return this.core.send(this.dlqUrl, shape.body ?? JSON.stringify(event), {
      MessageAttributes: Object.fromEntries(
        Object.entries(all).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
      ),
      ...(this.dlq.endsWith('.fifo') && { MessageGroupId: group, MessageDeduplicationId: `d${this.made}` }),
    }).MessageId;
  }

  /** What waits in the source queue, in order of arrival. */
  get arrived(): MessageSnapshot[] {
    return [...(this.inspect.queue(this.source)?.messages ?? [])];
  }

  get letters(): MessageSnapshot[] {
    return [...(this.inspect.queue(this.dlq)?.messages ?? [])];
  }

  /** The consumer of the source queue takes everything, and each message fails again at once. */
  failAgain(): void {
    for (const { MessageId, ReceiptHandle, Body, Attributes } of this.core.receive(this.sourceUrl)) {
      this.core.send(this.dlqUrl, Body, {
        MessageAttributes: {
          'deadletter.message-id': { DataType: 'String', StringValue: MessageId },
          'deadletter.reason': { DataType: 'String', StringValue: 'no again' },
        },
        ...(this.dlq.endsWith('.fifo') && {
          MessageGroupId: Attributes?.['MessageGroupId'],
          MessageDeduplicationId: MessageId,
        }),
      });
      this.core.delete(this.sourceUrl, ReceiptHandle);
    }
  }
}

export const eventIdOf = ({ body }: { body: string }): string => String((JSON.parse(body) as { id: unknown }).id);
