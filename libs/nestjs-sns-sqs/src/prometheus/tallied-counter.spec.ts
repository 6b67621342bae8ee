import { Counter, Registry, type Metric } from 'prom-client';
import type { Labels } from '../metrics/definitions.js';
import { TalliedCounter } from './tallied-counter.js';

const ABOUT = { name: 'messages_total', help: 'Messages.', labelNames: ['destination', 'outcome'] };

/** The same counter as prom-client has it, and as this library has it. */
function both(contentType?: typeof Registry.OPENMETRICS_CONTENT_TYPE) {
  const registries = { theirs: new Registry(), ours: new Registry() };
  if (contentType) for (const registry of Object.values(registries)) registry.setContentType(contentType as never);
  const theirs = new Counter({ ...ABOUT, registers: [registries.theirs] });
  const ours = new TalliedCounter(ABOUT);
  registries.ours.registerMetric(ours as unknown as Metric);
  const inc = (labels: Labels, value: number): void => {
    theirs.inc(labels, value);
    ours.of(labels).add(value);
  };
  return { ...registries, inc };
}

describe('TalliedCounter', () => {
  it.each([undefined, Registry.OPENMETRICS_CONTENT_TYPE])(
    "reads like prom-client's own, as text (%s) and as JSON",
    async contentType => {
      const { theirs, ours, inc } = both(contentType);
      const a = { destination: 'orders', outcome: 'delete' };
      for (const value of [1, 3, 0.5]) inc(a, value);
      inc({ outcome: 'delete', destination: 'orders' }, 2);
      inc({ destination: 'mails', outcome: 'retry' }, 1);
      expect(await ours.metrics()).toBe(await theirs.metrics());
      // Read again: a registry with OpenMetrics has renamed it.
      expect(await ours.metrics()).toBe(await theirs.metrics());
      for (const registry of [theirs, ours]) registry.setDefaultLabels({ app: 'shop' });
      expect(await ours.getMetricsAsJSON()).toEqual(await theirs.getMetricsAsJSON());
      // What a reader does with its copy changes no series.
      inc(a, 1);
      expect(await ours.metrics()).toContain('destination="orders",outcome="delete",app="shop"} 7.5');
    },
  );

  it('begins anew after a reset of its registry, with the series that somebody holds', async () => {
    const registry = new Registry();
    const counter = new TalliedCounter(ABOUT);
    registry.registerMetric(counter as unknown as Metric);
    const series = counter.of({ destination: 'orders', outcome: 'delete' });
    expect(await registry.metrics()).not.toContain('messages_total{');
    series.add(1);
    registry.resetMetrics();
    expect(await registry.metrics()).not.toContain('messages_total{');
    series.add(2);
    expect(await registry.metrics()).toContain('messages_total{destination="orders",outcome="delete"} 2');
  });

  it('leaves out what a counter cannot add', async () => {
    const { ours } = both();
    const counter = new TalliedCounter(ABOUT);
    for (const value of [Number.NaN, -1, Infinity]) counter.of({ destination: 'orders' }).add(value);
    expect((await counter.get()).values).toEqual([]);
    expect(await ours.metrics()).toContain('# TYPE messages_total counter');
  });
});
