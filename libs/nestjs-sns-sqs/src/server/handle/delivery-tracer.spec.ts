import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { jest } from '@jest/globals';
import { consumerOf as consumerOn, type ConsumerSetup, type Handler } from '../../../test/consumer.js';
import { forever, message, ScriptedQueue } from '../../../test/scripted-queue.js';
import { RetryLater } from '../../errors/handler-outcomes.js';
import type { ProcessOperation, SettleOperation, Telemetry } from '../../interfaces/telemetry.interface.js';
import { DEAD_LETTER_ATTRIBUTES } from '../settle/dead-letter.js';

const ENDED = 'tracing:nestjs-sns-sqs:process:asyncEnd';
const SETTLED = 'tracing:nestjs-sns-sqs:settle:asyncEnd';

/** What is told of each delivery and each settlement, in order. */
function traced(handler: Handler, setup: ConsumerSetup = {}) {
  const wire = new ScriptedQueue();
  const consumer = consumerOn(wire, handler, setup);
  const processed: ProcessOperation[] = [];
  const settled: SettleOperation[] = [];
  const listeners: Array<[string, (fact: unknown) => void]> = [
    [ENDED, fact => processed.push(fact as ProcessOperation)],
    [SETTLED, fact => settled.push(fact as SettleOperation)],
  ];
  for (const [name, listener] of listeners) subscribe(name, listener);
  undo.push(() => listeners.forEach(([name, listener]) => unsubscribe(name, listener)));
  return { consumer, put: wire.deliver.bind(wire), processed, settled };
}

const undo: Array<() => void> = [];

describe('a delivery that is traced', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => {
    jest.useRealTimers();
    for (const step of undo.splice(0)) step();
  });

  it('tells how it was settled, and its settlement leads back to it', async () => {
    const { consumer, put, processed, settled } = traced(() => undefined);
    consumer.start();
    await put(message('m'));
    await jest.advanceTimersByTimeAsync(100);
    expect(processed).toMatchObject([
      { queue: 'q', pattern: 'a', attempt: 1, outcome: 'delete', reason: 'handled', maxReceiveCount: 5 },
    ]);
    expect(settled).toMatchObject([{ call: 'DeleteMessageBatch', settlement: 'delete', count: 1 }]);
    expect(settled[0]?.origins).toHaveLength(1);
  });

  it.each([
    ['failed', () => new Error('no'), { outcome: 'retry', reason: 'failed' }],
    ['retry-later', () => new RetryLater(9), { outcome: 'retry', reason: 'retry-later', delaySeconds: 9 }],
  ])('tells that it comes again: %s', async (_, error, expected) => {
    const { consumer, put, processed, settled } = traced(() => Promise.reject(error()));
    consumer.start();
    await put(message('m'));
    await jest.advanceTimersByTimeAsync(100);
    expect(processed).toMatchObject([expected]);
    expect(settled).toMatchObject([{ call: 'ChangeMessageVisibilityBatch', settlement: 'delay' }]);
  });

  it('ends once, without an outcome, where its handler is cut off', async () => {
    const { consumer, put, processed } = traced(forever);
    consumer.start();
    await put(message('m'));
    const stopped = consumer.stop(10);
    await jest.advanceTimersByTimeAsync(5_000);
    await stopped;
    expect(processed).toHaveLength(1);
    expect(processed[0]).toHaveProperty('outcome', undefined);
  });

  it('has no pattern where no handler takes its type', async () => {
    const { consumer, put, processed } = traced(() => undefined, { settings: { unknownTypeGraceSeconds: 0 } });
    consumer.start();
    await put(message('m', { body: JSON.stringify({ type: 'made.up' }) }));
    await jest.advanceTimersByTimeAsync(100);
    expect(processed).toHaveLength(1);
    expect(processed[0]).toHaveProperty('pattern', undefined);
  });

  it('writes its context on a dead letter', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const telemetry: Telemetry = { begin: () => ({ run: work => work(), end: () => undefined, traceparent }) };
    const wire = new ScriptedQueue();
    const sent = jest.spyOn(wire, 'sendBatch');
    const consumer = consumerOn(wire, () => Promise.reject(new Error('no')), {
      telemetry,
      settings: { maxReceiveCount: 1 },
    });
    consumer.start();
    await wire.deliver(message('m'));
    await jest.advanceTimersByTimeAsync(100);
    const attributes = sent.mock.calls.flatMap(([, entries]) => entries.map(entry => entry.attributes));
    expect(attributes.map(each => each[DEAD_LETTER_ATTRIBUTES.traceparent]?.StringValue)).toEqual([traceparent]);
  });
});
