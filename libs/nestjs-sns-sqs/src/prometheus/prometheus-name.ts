import { METRICS, type MetricName } from '../metrics/definitions.js';

/** `messaging.process.duration` in seconds → `messaging_process_duration_seconds`; counters end in `_total`. */
export function prometheusName(name: MetricName): string {
  const { type, unit } = METRICS[name];
  const plain = name.replace(/\./g, '_');
  const withUnit = unit === 's' ? `${plain}_seconds` : plain;
  return type === 'counter' ? `${withUnit}_total` : withUnit;
}
