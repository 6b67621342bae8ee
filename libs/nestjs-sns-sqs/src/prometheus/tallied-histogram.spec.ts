import { Histogram, Registry, type Metric } from 'prom-client';
import type { Labels } from '../metrics/definitions.js';
import { TalliedHistogram } from './tallied-histogram.js';

const ABOUT = { name: 'time_seconds', help: 'Time.', labelNames: ['destination', 'outcome'], buckets: [0.5, 1, 2.5] };

/** The same histogram as prom-client has it, and as this library has it. */
function both() {
  const registries = { theirs: new Registry(), ours: new Registry() };
  const theirs = new Histogram({ ...ABOUT, registers: [registries.theirs] });
  const ours = new TalliedHistogram(ABOUT);
  registries.ours.registerMetric(ours as unknown as Metric);
  const observe = (labels: Labels, value: number): void => {
    theirs.observe(labels, value);
    ours.of(labels).record(value);
  };
  return { ...registries, observe };
}

describe('TalliedHistogram', () => {
  it("reads like prom-client's own, as text and as JSON", async () => {
    const { theirs, ours, observe } = both();
    const a = { destination: 'orders', outcome: 'delete' };
    const b = { destination: 'mails', outcome: 'retry' };
    for (const value of [0, 0.5, 0.500_1, 2.5, 7, 0.1]) observe(a, value);
    observe(b, 1);
    expect(await ours.metrics()).toBe(await theirs.metrics());
    // Of a text only the order of its labels would differ.
    for (const registry of [theirs, ours]) registry.setDefaultLabels({ app: 'shop' });
    // prom-client's have a field for exemplars, which are not asked for here.
    const plain = (values: unknown): unknown =>
      JSON.parse(JSON.stringify(values, (key, value: unknown) => (key === 'exemplar' ? undefined : value)));
    expect(plain(await ours.getMetricsAsJSON())).toEqual(plain(await theirs.getMetricsAsJSON()));
  });

  it('takes equal labels for one series, whatever object and order they come in', async () => {
    const { ours, observe } = both();
    observe({ destination: 'orders', outcome: 'delete' }, 1);
    observe({ outcome: 'delete', destination: 'orders' }, 1);
    expect(await ours.metrics()).toContain('time_seconds_count{destination="orders",outcome="delete"} 2');
  });

  it('begins anew after a reset of its registry, with the series that somebody holds', async () => {
    const registry = new Registry();
    const histogram = new TalliedHistogram(ABOUT);
    registry.registerMetric(histogram as unknown as Metric);
    const series = histogram.of({ destination: 'orders', outcome: 'delete' });
    expect(await registry.metrics()).not.toContain('time_seconds_count');
    for (const value of [0.5, 3]) series.record(value);
    registry.resetMetrics();
    expect(await registry.metrics()).not.toContain('time_seconds_count');
    series.record(2);
    const text = await registry.metrics();
    expect(text).toContain('time_seconds_count{destination="orders",outcome="delete"} 1');
    expect(text).toContain('time_seconds_sum{destination="orders",outcome="delete"} 2');
    expect(text).toContain('time_seconds_bucket{le="0.5",destination="orders",outcome="delete"} 0');
  });

  it('leaves out what is no number, which must not spoil a sum', async () => {
    const { ours } = both();
    const histogram = new TalliedHistogram(ABOUT);
    histogram.of({ destination: 'orders' }).record(Number.NaN);
    expect((await histogram.get()).values).toEqual([]);
    expect(await ours.metrics()).toContain('# TYPE time_seconds histogram');
  });
});
