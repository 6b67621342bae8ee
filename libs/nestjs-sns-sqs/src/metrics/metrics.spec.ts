import {
  MeterProvider,
  InMemoryMetricExporter,
  AggregationTemporality,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { Registry } from 'prom-client';
import { announce } from '../events/diagnostics.js';
import { observeClient, observeOutbox, observeServer } from '../events/observed-parts.js';
import { beginTrace, isTraced, traceCall } from '../events/traced.js';
import type { ProcessOperation } from '../interfaces/telemetry.interface.js';
import { SnsSqsOtelMetrics } from '../otel/otel-metrics.js';
import { prometheusName } from '../prometheus/prometheus-name.js';
import { SnsSqsMetrics } from '../prometheus/sns-sqs-metrics.js';
import { METRICS, type Labels, type MetricName } from './definitions.js';
import { ErrorClasses } from './error-classes.js';
import { MeanDurations } from './mean-durations.js';
import { MetricsCollector } from './metrics-collector.js';

const undo: Array<() => unknown> = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** What a collector measures. */
function collected() {
  const measured: Array<[MetricName, number, Labels]> = [];
  const asked: MetricName[] = [];
  const seriesOf = (name: MetricName, labels: Labels) => {
    asked.push(name);
    const note = (value: number): void => void measured.push([name, value, labels]);
    return { add: note, record: note };
  };
  const collector = new MetricsCollector({ counter: seriesOf, histogram: seriesOf });
  collector.start();
  undo.push(() => collector.stop());
  const of = (name: MetricName) =>
    measured.filter(([each]) => each === name).map(([, value, labels]) => [value, labels]);
  return { collector, measured, asked, of };
}

const processing = (facts: Partial<ProcessOperation> = {}): ProcessOperation => ({
  queue: 'orders',
  queueUrl: 'url',
  fifo: false,
  message: { MessageId: 'm' },
  metadata: { id: '1', source: 'shop', type: 'made.up' },
  maxReceiveCount: 5,
  laneTimeMs: 20,
  ...facts,
});

function process(facts: Partial<ProcessOperation>): void {
  beginTrace('process', undefined, processing(facts)).end();
}

const send = (failed: number, error?: Error) =>
  traceCall(
    'send',
    undefined,
    { destination: 'orders', kind: 'queue', target: 'url', call: 'SendMessageBatch', count: 10, origins: [] },
    () => (error ? Promise.reject(error) : Promise.resolve(failed)),
    () => undefined,
  ).catch(() => undefined);

describe('MetricsCollector', () => {
  it('counts deliveries by outcome and reason, with the pattern only where a handler declares it', () => {
    const { of } = collected();
    process({ pattern: 'order.placed', outcome: 'delete', reason: 'handled', attempt: 2, queueTimeMs: 500 });
    process({ outcome: 'wait', reason: 'unknown-type' });
    process({});
    expect(of('sns_sqs.process.outcomes')).toEqual([
      [1, { destination: 'orders', pattern: 'order.placed', outcome: 'delete', reason: 'handled' }],
      [1, { destination: 'orders', pattern: 'none', outcome: 'wait', reason: 'unknown-type' }],
      [1, { destination: 'orders', pattern: 'none', outcome: 'returned', reason: 'stopped' }],
    ]);
    expect(of('sns_sqs.queue.time')).toEqual([[0.5, { destination: 'orders' }]]);
    expect(of('sns_sqs.lane.time')[0]).toEqual([0.02, { destination: 'orders' }]);
    expect(of('sns_sqs.attempts')).toEqual([[2, { destination: 'orders', outcome: 'delete' }]]);
  });

  it('asks its exporter for each series once, and not for each message and call', async () => {
    const { asked, of } = collected();
    const facts = { pattern: 'order.placed', reason: 'failed', attempt: 5, queueTimeMs: 5, eventAgeMs: 5 } as const;
    const each = async (): Promise<void> => {
      for (const outcome of ['delete', 'dead-letter'] as const) process({ ...facts, outcome, error: new TypeError() });
      await send(0);
      announce('batch', { queue: 'orders', count: 1, durationMs: 1 });
    };
    await each();
    const atFirst = asked.length;
    expect(atFirst).toBeGreaterThan(0);
    await each();
    expect(asked).toHaveLength(atFirst);
    expect(of('sns_sqs.process.outcomes')).toHaveLength(4);
  });

  it('counts dead letters by the class of their error, never by what it says', () => {
    const { of } = collected();
    process({ outcome: 'dead-letter', reason: 'failed', attempt: 5, error: new TypeError('card 4242') });
    process({ outcome: 'dead-letter', reason: 'failed', attempt: 1, error: 'a text\nof any length' });
    expect(of('sns_sqs.dead_letters')).toEqual([
      [1, { destination: 'orders', error: 'TypeError' }],
      [1, { destination: 'orders', error: 'string' }],
    ]);
  });

  it('counts what AWS accepts and refuses, and how full the calls are', async () => {
    const { of } = collected();
    await send(0);
    await send(0, new Error('away'));
    expect(of('messaging.client.sent.messages')).toEqual([
      [10, { destination: 'orders', outcome: 'ok' }],
      [10, { destination: 'orders', outcome: 'error' }],
    ]);
    expect(of('sns_sqs.publish.batch.size')).toHaveLength(2);
    const durations = of('messaging.client.operation.duration').map(([, labels]) => labels);
    expect(durations).toEqual([
      { destination: 'orders', operation: 'send', outcome: 'ok' },
      { destination: 'orders', operation: 'send', outcome: 'error' },
    ]);
  });

  it('counts leases that are extended and lost', async () => {
    const { of } = collected();
    const failed = [{ id: '1', code: 'x', message: 'x', senderFault: true }];
    const extending = {
      queue: 'orders',
      queueUrl: 'url',
      call: 'ChangeMessageVisibilityBatch',
      settlement: 'extend',
    } as const;
    await traceCall(
      'settle',
      undefined,
      { ...extending, count: 3, origins: [], failed },
      () => Promise.resolve(),
      () => undefined,
    );
    announce('leaseLost', { queue: 'orders', messageId: 'm', why: 'late' });
    expect(of('sns_sqs.leases.extended')).toEqual([[2, { destination: 'orders' }]]);
    expect(of('sns_sqs.leases.lost')).toEqual([[1, { destination: 'orders' }]]);
  });

  it('takes a share of its batch for the time of a message, whatever its own time was', () => {
    const { collector } = collected();
    process({ outcome: 'delete', reason: 'handled', attempt: 1 });
    announce('batch', { queue: 'orders', count: 500, durationMs: 1_000 });
    expect(collector.durations.of('orders')).toBeCloseTo(0.002, 6);
    process({ outcome: 'delete', reason: 'handled', attempt: 1 });
    announce('batch', { queue: 'orders', count: 500, durationMs: 1_000 });
    expect(collector.durations.of('orders')).toBeCloseTo(0.002, 6);
  });

  it('looks at nothing any more once it has stopped', () => {
    const { collector } = collected();
    expect(isTraced('process', undefined)).toBe(true);
    collector.stop();
    expect(isTraced('process', undefined)).toBe(false);
  });

  it('measures only what is in the list, with the labels of the list', async () => {
    const { measured } = collected();
    process({
      outcome: 'dead-letter',
      reason: 'failed',
      attempt: 5,
      error: new Error('x'),
      queueTimeMs: 1,
      eventAgeMs: 1,
    });
    await send(0);
    for (const [name, , labels] of measured) {
      expect([name, Object.keys(labels).sort()]).toEqual([name, [...METRICS[name].labels].sort()]);
    }
  });
});

/** One queue of a server, and a client with two emits under way. */
function live(): void {
  const server = {
    queues: () => [{ queue: 'orders', concurrency: 10, running: 3, inFlight: 5, overdue: 1, isUp: true }],
    depths: () => Promise.resolve([{ queue: 'orders', visible: 40, inFlight: 5, delayed: 0, deadLetters: 2 }]),
  };
  const client = { destination: 'users-domain-events', pendingEmits: 2 };
  const waiting = { destination: 'sns:users', waiting: 7, oldestMs: 1_500, refused: 1, scheduled: 2 };
  const outbox = { fault: 'AWS is away', status: [waiting] };
  undo.push(observeServer(server), observeClient(client), observeOutbox(outbox), () => client);
}

describe('SnsSqsMetrics', () => {
  it('refuses what it does not know, in one error', () => {
    expect(() => new SnsSqsMetrics({ registry: {}, depthEverySeconds: 1, x: 1 } as never)).toThrow(
      /SnsSqsMetrics have 3 problems:.*`depthEverySeconds`.*`registry`.*`x` is not an option/s,
    );
  });

  it('has each metric of the list in the registry, and takes them out again', async () => {
    const registry = new Registry();
    const metrics = new SnsSqsMetrics({ registry });
    const names = (Object.keys(METRICS) as MetricName[]).map(prometheusName);
    expect((await registry.getMetricsAsJSON()).map(({ name }) => name).sort()).toEqual([...names].sort());
    metrics.stop();
    expect(await registry.getMetricsAsJSON()).toEqual([]);
  });

  it('shows counters, histograms and gauges', async () => {
    const registry = new Registry();
    const metrics = new SnsSqsMetrics({ registry });
    undo.push(() => metrics.stop());
    live();
    process({ pattern: 'order.placed', outcome: 'delete', reason: 'handled', attempt: 1 });
    const text = await registry.metrics();
    for (const line of [
      'sns_sqs_process_outcomes_total{destination="orders",pattern="order.placed",outcome="delete",reason="handled"} 1',
      'messaging_process_duration_seconds_count{destination="orders",pattern="order.placed",outcome="delete"} 1',
      'sns_sqs_slots_in_use{destination="orders"} 3',
      'sns_sqs_slots_limit{destination="orders"} 10',
      'sns_sqs_messages_waiting{destination="orders"} 2',
      'sns_sqs_handlers_overdue{destination="orders"} 1',
      'sns_sqs_queue_up{destination="orders"} 1',
      'sns_sqs_emits_pending{destination="users-domain-events"} 2',
      'sns_sqs_outbox_waiting{destination="sns:users"} 7',
      'sns_sqs_outbox_age_seconds{destination="sns:users"} 1.5',
      'sns_sqs_outbox_refused{destination="sns:users"} 1',
      'sns_sqs_outbox_scheduled{destination="sns:users"} 2',
      'sns_sqs_outbox_up{destination="sns:users"} 0',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    expect(text).not.toContain('sns_sqs_queue_depth{');
  });
});

describe('SnsSqsOtelMetrics', () => {
  it('shows the same by a meter, with the names of the conventions', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const meterProvider = new MeterProvider({ readers: [reader] });
    undo.push(() => meterProvider.shutdown());
    const metrics = new SnsSqsOtelMetrics({ meterProvider });
    undo.push(() => metrics.stop());
    live();
    process({ pattern: 'order.placed', outcome: 'delete', reason: 'handled', attempt: 1 });
    await meterProvider.forceFlush();
    const shown = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(scope => scope.metrics));
    const pointsOf = (name: MetricName) => shown.find(({ descriptor }) => descriptor.name === name)?.dataPoints;
    expect(pointsOf('sns_sqs.process.outcomes')).toMatchObject([
      { value: 1, attributes: { 'messaging.destination.name': 'orders', 'sns_sqs.reason': 'handled' } },
    ]);
    expect(pointsOf('messaging.process.duration')).toHaveLength(1);
    expect(pointsOf('sns_sqs.slots.in_use')).toMatchObject([{ value: 3 }]);
  });
});

describe('ErrorClasses', () => {
  it('has a bound, and takes no text for a class', () => {
    const classes = new ErrorClasses(2);
    const named = (name: string) => Object.assign(new Error('x'), { name });
    expect(['A', 'B', 'C', 'A', 'no name of a class'].map(name => classes.of(named(name)))).toEqual([
      'A',
      'B',
      'other',
      'A',
      'other',
    ]);
    expect(classes.of(Object.assign(new Error('x'), { code: 'A' }))).toBe('A');
  });
});

describe('MeanDurations', () => {
  it('follows what deliveries take', () => {
    const means = new MeanDurations();
    expect(means.of('q')).toBeUndefined();
    means.note('q', 1);
    expect(means.of('q')).toBe(1);
    for (let count = 0; count < 500; count += 1) means.note('q', 3);
    expect(means.of('q')).toBeCloseTo(3, 2);
  });
});
