import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { METRICS, type MetricName } from '../libs/nestjs-sns-sqs/src/metrics/definitions.js';
import { prometheusName } from '../libs/nestjs-sns-sqs/src/prometheus/prometheus-name.js';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

const KNOWN = new Set(
  (Object.keys(METRICS) as MetricName[]).flatMap(name => {
    const full = prometheusName(name);
    return METRICS[name].type === 'histogram' ? ['_bucket', '_sum', '_count'].map(end => full + end) : [full];
  }),
);

/** The metrics that a query reads, and the labels that it groups by. */
function namesIn(expr: string): { metrics: string[]; labels: string[] } {
  const metrics = expr.match(/\b(?:sns_sqs|messaging)_[a-z_]+/g) ?? [];
  const labels = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
  return { metrics, labels };
}

const LABELS = new Set([...Object.values(METRICS).flatMap(({ labels }) => labels), 'le']);

/** What a query reads or groups by that does not exist. */
function unknownIn(expr: string): string[] {
  const { metrics, labels } = namesIn(expr);
  if (metrics.length === 0) return ['no metric'];
  return [...metrics.filter(name => !KNOWN.has(name)), ...labels.filter(label => !LABELS.has(label))];
}

interface Dashboard {
  panels: Array<{ title: string; targets: Array<{ expr: string }> }>;
}

interface Alerts {
  groups: Array<{
    rules: Array<{ alert: string; expr: string; annotations: { summary: string; description: string } }>;
  }>;
}

describe('the files of docs/monitoring', () => {
  const dashboard = JSON.parse(read('docs/monitoring/grafana-dashboard.json')) as Dashboard;
  const { groups } = parse(read('docs/monitoring/alerts.yml')) as Alerts;
  const rules = groups.flatMap(group => group.rules);

  it.each(dashboard.panels.map(({ title, targets }) => [title, targets] as const))('show %s', (_, targets) => {
    expect(targets.flatMap(({ expr }) => unknownIn(expr))).toEqual([]);
  });

  it('have five alert rules', () => {
    expect(rules).toHaveLength(5);
  });

  it.each(rules.map(rule => [rule.alert, rule] as const))('alert of %s', (_, { expr, annotations }) => {
    expect(unknownIn(expr)).toEqual([]);
    expect(annotations).toEqual({ summary: expect.any(String) as string, description: expect.any(String) as string });
  });
});

describe('docs/metrics.md', () => {
  const page = read('docs/metrics.md');

  it('has each metric with its type and its labels', () => {
    const rows = (Object.entries(METRICS) as Array<[MetricName, (typeof METRICS)[MetricName]]>).map(
      ([name, { type, labels }]) => `| \`${name}\` | ${type} | ${labels.map(label => `\`${label}\``).join(', ')} |`,
    );
    expect(rows.filter(row => !page.includes(row))).toEqual([]);
  });

  it('asks for metrics that there are', () => {
    const queries = [...page.matchAll(/^\| .+\? \| `(.+)` \|$/gm)].map(([, expr = '']) => expr);
    expect(queries.length).toBeGreaterThan(8);
    expect(queries.flatMap(unknownIn)).toEqual([]);
  });
});
