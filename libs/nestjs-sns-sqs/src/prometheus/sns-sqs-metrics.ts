import { Gauge, type Metric, type Registry } from 'prom-client';
import { DepthPoller } from '../metrics/depth-poller.js';
import { METRICS, type MetricName } from '../metrics/definitions.js';
import { MetricsCollector } from '../metrics/metrics-collector.js';
import { metricsShape, type MetricsOptions } from '../metrics/metrics-options.js';
import { readings } from '../metrics/readings.js';
import { checkOptions } from '../options/check-options.js';
import { z } from '../options/schema.js';
import { prometheusName } from './prometheus-name.js';
import { TalliedCounter } from './tallied-counter.js';
import { TalliedHistogram } from './tallied-histogram.js';

export interface SnsSqsMetricsOptions extends MetricsOptions {
  /** The registry of the metrics: prom-client's `register`, or the registry of `@willsoto/nestjs-prometheus`. */
  registry: Registry;
}

const schema = z.strictObject({
  ...metricsShape,
  registry: z.custom(
    value => typeof (value as { registerMetric?: unknown } | null | undefined)?.registerMetric === 'function',
    "expected a registry of prom-client's",
  ),
});

const NAMES = Object.keys(METRICS) as MetricName[];

/**
 * Metrics of every server and client of this process, for Prometheus.
 * @example new SnsSqsMetrics({ registry: register });
 * @throws {SnsSqsError} INVALID_OPTIONS: names every option that is wrong.
 */
export class SnsSqsMetrics {
  private readonly counters = new Map<MetricName, TalliedCounter>();
  private readonly histograms = new Map<MetricName, TalliedHistogram>();
  private readonly gauges = new Map<MetricName, Gauge>();
  private readonly collector: MetricsCollector;
  private readonly depths: DepthPoller;

  constructor(private readonly options: SnsSqsMetricsOptions) {
    checkOptions('SnsSqsMetrics', schema, options);
    this.depths = new DepthPoller(options.depthEverySeconds);
    for (const name of NAMES) this.register(name);
    this.collector = new MetricsCollector({
      counter: (name, labels) => known(this.counters, name).of(labels),
      histogram: (name, labels) => known(this.histograms, name).of(labels),
    });
    this.collector.start();
    this.depths.start();
  }

  /** Asks for the depth of the queues now, for the next reading. Never rejects. */
  readDepths(): Promise<void> {
    return this.depths.ask();
  }

  /** Measures nothing more, and takes its metrics out of the registry. */
  stop(): void {
    this.collector.stop();
    this.depths.stop();
    for (const name of NAMES) this.options.registry.removeSingleMetric(prometheusName(name));
  }

  private register(name: MetricName): void {
    const { type, help, labels, buckets = [] } = METRICS[name];
    const common = {
      name: prometheusName(name),
      help,
      labelNames: labels,
      registers: [this.options.registry],
    };
    if (type === 'counter') this.counters.set(name, this.registered(new TalliedCounter(common)));
    else if (type === 'histogram') {
      this.histograms.set(name, this.registered(new TalliedHistogram({ ...common, buckets })));
    } else this.gauges.set(name, new Gauge({ ...common, collect: () => this.show(name) }));
  }

  private registered<T extends TalliedCounter | TalliedHistogram>(metric: T): T {
    // Of a metric a registry uses what these have; its type asks for one of its own classes.
    this.options.registry.registerMetric(metric as unknown as Metric);
    return metric;
  }

  /** When the registry is read. */
  private show(name: MetricName): void {
    const gauge = this.gauges.get(name);
    if (!gauge) return;
    gauge.reset();
    for (const reading of readings(this.depths.latest, this.collector.durations)) {
      if (reading.name === name) gauge.set(reading.labels, reading.value);
    }
  }
}

function known<T>(metrics: ReadonlyMap<MetricName, T>, name: MetricName): T {
  const metric = metrics.get(name);
  if (metric) return metric;
  throw new Error(`${name} is a metric of another type`);
}
