import { observedClients, observedOutboxes, observedServers, type QueueDepth } from '../events/observed-parts.js';
import type { Labels, MetricName, Reading } from './definitions.js';
import type { MeanDurations } from './mean-durations.js';

/** What the gauges show now. Values of several servers or clients with the same labels are added up. */
export function readings(depths: readonly QueueDepth[], durations: MeanDurations): Reading[] {
  const sums = new Map<string, Reading>();
  const show = (name: MetricName, value: number, labels: Labels): void => {
    const key = `${name}\n${JSON.stringify(labels)}`;
    const known = sums.get(key);
    if (known) known.value += value;
    else sums.set(key, { name, value, labels });
  };
  for (const server of observedServers()) {
    for (const { queue: destination, concurrency, running, inFlight, overdue, isUp } of server.queues()) {
      show('sns_sqs.slots.in_use', running, { destination });
      show('sns_sqs.slots.limit', concurrency, { destination });
      show('sns_sqs.messages.waiting', Math.max(0, inFlight - running), { destination });
      show('sns_sqs.handlers.overdue', overdue, { destination });
      show('sns_sqs.queue.up', isUp ? 1 : 0, { destination });
    }
  }
  for (const { destination, pendingEmits } of observedClients()) {
    show('sns_sqs.emits.pending', pendingEmits, { destination });
  }
  for (const { fault, status } of observedOutboxes()) {
    for (const { destination, waiting, oldestMs, refused, scheduled } of status) {
      show('sns_sqs.outbox.waiting', waiting, { destination });
      show('sns_sqs.outbox.age', oldestMs / 1_000, { destination });
      show('sns_sqs.outbox.refused', refused, { destination });
      show('sns_sqs.outbox.scheduled', scheduled, { destination });
      show('sns_sqs.outbox.up', fault === undefined ? 1 : 0, { destination });
    }
  }
  for (const { queue: destination, visible, inFlight, delayed, deadLetters } of depths) {
    show('sns_sqs.queue.depth', visible, { destination, outcome: 'visible' });
    show('sns_sqs.queue.depth', inFlight, { destination, outcome: 'in-flight' });
    show('sns_sqs.queue.depth', delayed, { destination, outcome: 'delayed' });
    show('sns_sqs.dead_letters.depth', deadLetters, { destination });
    const mean = durations.of(destination);
    if (mean !== undefined) show('sns_sqs.queue.backlog', visible * mean, { destination });
  }
  return [...sums.values()];
}
