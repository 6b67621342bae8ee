import {
  metrics,
  type Counter,
  type Histogram,
  type MeterProvider,
  type ObservableGauge,
  type ObservableResult,
} from '@opentelemetry/api';
import { DepthPoller } from '../metrics/depth-poller.js';
import {
  METRICS,
  type CounterSeries,
  type HistogramSeries,
  type Labels,
  type MetricName,
} from '../metrics/definitions.js';
import { MetricsCollector } from '../metrics/metrics-collector.js';
import { metricsShape, type MetricsOptions } from '../metrics/metrics-options.js';
import { readings } from '../metrics/readings.js';
import { checkOptions } from '../options/check-options.js';
import { z } from '../options/schema.js';
import { ATTRIBUTES, TRACER_NAME } from './names.js';
import { VERSION } from '../version.js';

export interface SnsSqsOtelMetricsOptions extends MetricsOptions {
  /** @default the global one, at the time of the constructor */
  meterProvider?: MeterProvider | undefined;
}

const schema = z.strictObject({
  ...metricsShape,
  meterProvider: z
    .custom(
      value => typeof (value as { getMeter?: unknown } | null | undefined)?.getMeter === 'function',
      'expected an object with a method getMeter()',
    )
    .optional(),
});

/** Labels by the names of the conventions. */
const NAMES = {
  destination: ATTRIBUTES.destination,
  operation: ATTRIBUTES.operationName,
  pattern: ATTRIBUTES.eventType,
  outcome: ATTRIBUTES.outcome,
  reason: ATTRIBUTES.reason,
  error: ATTRIBUTES.errorType,
} as const;

/**
 * Metrics of every server and client of this process, by OpenTelemetry's meter. Make it after the SDK was started.
 * @example new SnsSqsOtelMetrics();
 * @throws {SnsSqsError} INVALID_OPTIONS: names every option that is wrong.
 */
export class SnsSqsOtelMetrics {
  private readonly counters = new Map<MetricName, Counter>();
  private readonly histograms = new Map<MetricName, Histogram>();
  private readonly gauges = new Map<MetricName, ObservableGauge>();
  private readonly collector: MetricsCollector;
  private readonly depths: DepthPoller;

  constructor(options: SnsSqsOtelMetricsOptions = {}) {
    checkOptions('SnsSqsOtelMetrics', schema, options);
    this.collector = new MetricsCollector({
      counter: (name, labels) => this.counterSeries(name, named(labels)),
      histogram: (name, labels) => this.histogramSeries(name, named(labels)),
    });
    this.depths = new DepthPoller(options.depthEverySeconds);
    const meter = (options.meterProvider ?? metrics.getMeterProvider()).getMeter(TRACER_NAME, VERSION);
    for (const name of Object.keys(METRICS) as MetricName[]) {
      const { type, unit, help: description, buckets } = METRICS[name];
      const about = { unit, description };
      if (type === 'counter') this.counters.set(name, meter.createCounter(name, about));
      else if (type === 'histogram') {
        const advice = buckets && { explicitBucketBoundaries: [...buckets] };
        this.histograms.set(name, meter.createHistogram(name, { ...about, ...(advice && { advice }) }));
      } else {
        const gauge = meter.createObservableGauge(name, about);
        gauge.addCallback(result => this.show(name, result));
        this.gauges.set(name, gauge);
      }
    }
    this.collector.start();
    this.depths.start();
  }

  /** Asks for the depth of the queues now, for the next reading. Never rejects. */
  readDepths(): Promise<void> {
    return this.depths.ask();
  }

  /** Measures nothing more. */
  stop(): void {
    this.collector.stop();
    this.depths.stop();
  }

  private counterSeries(name: MetricName, attributes: Record<string, string>): CounterSeries {
    const counter = this.counters.get(name);
    return { add: value => counter?.add(value, attributes) };
  }

  private histogramSeries(name: MetricName, attributes: Record<string, string>): HistogramSeries {
    const histogram = this.histograms.get(name);
    return { record: value => histogram?.record(value, attributes) };
  }

  private show(name: MetricName, result: ObservableResult): void {
    for (const reading of readings(this.depths.latest, this.collector.durations)) {
      if (reading.name === name) result.observe(reading.value, named(reading.labels));
    }
  }
}

function named(labels: Labels): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [NAMES[label as keyof Labels], value]));
}
