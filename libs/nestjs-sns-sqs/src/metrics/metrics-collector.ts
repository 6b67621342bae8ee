import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type {
  ProcessOperation,
  ReceiveOperation,
  SendOperation,
  SettleOperation,
} from '../interfaces/telemetry.interface.js';
import type { BatchEvent, LeaseLostEvent } from '../events/diagnostics.js';
import type { MetricsSink } from './definitions.js';
import { ErrorClasses } from './error-classes.js';
import { LabelSets } from './label-sets.js';
import { MeanDurations } from './mean-durations.js';

type Listener = (fact: unknown) => void;

/** The label of a type that no handler of this version takes: what is in a message is no label. */
const NO_PATTERN = 'none';

const ended = (name: string): string => `tracing:nestjs-sns-sqs:${name}:asyncEnd`;

const outcomeOf = (error: unknown): string => (error === undefined ? 'ok' : 'error');

/** Turns what the library tells on its channels into measurements. */
export class MetricsCollector {
  /** By queue, for its backlog. */
  readonly durations = new MeanDurations();
  private readonly errors = new ErrorClasses();
  private readonly labels = new LabelSets();
  private readonly listeners: ReadonlyArray<readonly [string, Listener]>;
  private isOn = false;

  constructor(private readonly sink: MetricsSink) {
    this.listeners = [
      [ended('send'), fact => this.onSend(fact as SendOperation)],
      [ended('receive'), fact => this.onReceive(fact as ReceiveOperation)],
      [ended('process'), fact => this.onProcess(fact as ProcessOperation)],
      [ended('settle'), fact => this.onSettle(fact as SettleOperation)],
      ['nestjs-sns-sqs:batch', fact => this.onBatch(fact as BatchEvent)],
      ['nestjs-sns-sqs:leaseLost', fact => this.onLeaseLost(fact as LeaseLostEvent)],
    ];
  }

  /** Idempotent. */
  start(): void {
    if (this.isOn) return;
    this.isOn = true;
    for (const [name, listener] of this.listeners) subscribe(name, listener);
  }

  stop(): void {
    this.isOn = false;
    for (const [name, listener] of this.listeners) unsubscribe(name, listener);
  }

  private onSend({ destination, count, failed, error, durationMs = 0 }: SendOperation): void {
    const { sink } = this;
    const labels = this.labels.of(destination);
    const refused = error === undefined ? (failed?.length ?? 0) : count;
    if (count > refused) sink.add('messaging.client.sent.messages', count - refused, labels.ofOutcome('ok'));
    if (refused > 0) sink.add('messaging.client.sent.messages', refused, labels.ofOutcome('error'));
    sink.record('sns_sqs.publish.batch.size', count, labels.own);
    this.called('send', destination, durationMs, error);
  }

  private onReceive({ queue, messages, error, durationMs = 0 }: ReceiveOperation): void {
    if (messages && messages.length > 0) {
      this.sink.add('messaging.client.consumed.messages', messages.length, this.labels.of(queue).own);
    }
    this.called('receive', queue, durationMs, error);
  }

  private onSettle({ queue, settlement, count, failed, error, durationMs = 0 }: SettleOperation): void {
    if (settlement === 'extend' && error === undefined) {
      const extended = count - (failed?.length ?? 0);
      if (extended > 0) this.sink.add('sns_sqs.leases.extended', extended, { destination: queue });
    }
    this.called(settlement, queue, durationMs, error);
  }

  private onProcess(operation: ProcessOperation): void {
    const { sink } = this;
    const { queue: destination, pattern = NO_PATTERN, outcome = 'returned', reason = 'stopped' } = operation;
    const { durationMs = 0, queueTimeMs, eventAgeMs, laneTimeMs, attempt, error } = operation;
    const ofQueue = this.labels.of(destination);
    const { own } = ofQueue;
    const labels = ofQueue.of(pattern, outcome, reason);
    sink.record('messaging.process.duration', durationMs / 1000, labels.duration);
    sink.add('sns_sqs.process.outcomes', 1, labels.outcomes);
    sink.record('sns_sqs.lane.time', laneTimeMs / 1000, own);
    if (queueTimeMs !== undefined) sink.record('sns_sqs.queue.time', queueTimeMs / 1000, own);
    if (eventAgeMs !== undefined) sink.record('sns_sqs.event.age', eventAgeMs / 1000, own);
    if (attempt !== undefined && (outcome === 'delete' || outcome === 'dead-letter')) {
      sink.record('sns_sqs.attempts', attempt, labels.attempts);
    }
    if (outcome === 'dead-letter') sink.add('sns_sqs.dead_letters', 1, { destination, error: this.errors.of(error) });
    if (reason === 'handled' || reason === 'failed') this.durations.note(destination, durationMs / 1000);
  }

  private onBatch({ queue: destination, count, durationMs, error }: BatchEvent): void {
    this.sink.record('sns_sqs.process.batch.size', count, { destination });
    const outcome = outcomeOf(error);
    this.sink.record('sns_sqs.process.batch.duration', durationMs / 1000, { destination, outcome });
    this.durations.noteBatch(destination, durationMs / 1000, count);
  }

  private onLeaseLost({ queue }: LeaseLostEvent): void {
    this.sink.add('sns_sqs.leases.lost', 1, { destination: queue });
  }

  private called(operation: string, destination: string, durationMs: number, error: unknown): void {
    const labels = this.labels.of(destination).ofCall(operation, outcomeOf(error));
    this.sink.record('messaging.client.operation.duration', durationMs / 1000, labels);
  }
}
