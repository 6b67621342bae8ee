import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type {
  ProcessOperation,
  ReceiveOperation,
  SendOperation,
  SettleOperation,
} from '../interfaces/telemetry.interface.js';
import type { BatchEvent, LeaseLostEvent } from '../events/diagnostics.js';
import type { MetricsSink } from './definitions.js';
import { AllSeries } from './destination-series.js';
import { ErrorClasses } from './error-classes.js';
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
  private readonly series: AllSeries;
  private readonly listeners: ReadonlyArray<readonly [string, Listener]>;
  private isOn = false;

  constructor(sink: MetricsSink) {
    this.series = new AllSeries(sink);
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
    const series = this.series.of(destination);
    const refused = error === undefined ? (failed?.length ?? 0) : count;
    if (count > refused) series.sent('ok').add(count - refused);
    if (refused > 0) series.sent('error').add(refused);
    series.publishBatchSize.record(count);
    this.called('send', destination, durationMs, error);
  }

  private onReceive({ queue, messages, error, durationMs = 0 }: ReceiveOperation): void {
    if (messages && messages.length > 0) this.series.of(queue).consumed.add(messages.length);
    this.called('receive', queue, durationMs, error);
  }

  private onSettle({ queue, settlement, count, failed, error, durationMs = 0 }: SettleOperation): void {
    if (settlement === 'extend' && error === undefined) {
      const extended = count - (failed?.length ?? 0);
      if (extended > 0) this.series.of(queue).leasesExtended.add(extended);
    }
    this.called(settlement, queue, durationMs, error);
  }

  private onProcess(operation: ProcessOperation): void {
    const { queue, pattern = NO_PATTERN, outcome = 'returned', reason = 'stopped' } = operation;
    const { durationMs = 0, queueTimeMs, eventAgeMs, laneTimeMs, attempt } = operation;
    const ofQueue = this.series.of(queue);
    const series = ofQueue.ofProcess(pattern, outcome, reason);
    series.duration.record(durationMs / 1000);
    series.outcomes.add(1);
    ofQueue.laneTime.record(laneTimeMs / 1000);
    if (queueTimeMs !== undefined) ofQueue.queueTime.record(queueTimeMs / 1000);
    if (eventAgeMs !== undefined) ofQueue.eventAge.record(eventAgeMs / 1000);
    if (attempt !== undefined && (outcome === 'delete' || outcome === 'dead-letter')) series.attempts.record(attempt);
    if (outcome === 'dead-letter') ofQueue.deadLetters(this.errors.of(operation.error)).add(1);
    if (reason === 'handled' || reason === 'failed') this.durations.note(queue, durationMs / 1000);
  }

  private onBatch({ queue, count, durationMs, error }: BatchEvent): void {
    const series = this.series.of(queue);
    series.batchSize.record(count);
    series.batchDuration(outcomeOf(error)).record(durationMs / 1000);
    this.durations.noteBatch(queue, durationMs / 1000, count);
  }

  private onLeaseLost({ queue }: LeaseLostEvent): void {
    this.series.of(queue).leasesLost.add(1);
  }

  private called(operation: string, destination: string, durationMs: number, error: unknown): void {
    this.series
      .of(destination)
      .ofCall(operation, outcomeOf(error))
      .record(durationMs / 1000);
  }
}
