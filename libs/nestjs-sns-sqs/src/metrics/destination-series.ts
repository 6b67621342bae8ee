import type { CounterSeries, HistogramSeries, MetricsSink } from './definitions.js';

/** Where a delivery that was settled so is counted. */
export interface ProcessSeries {
  readonly duration: HistogramSeries;
  readonly outcomes: CounterSeries;
  readonly attempts: HistogramSeries;
}

type ByReason = Map<string, ProcessSeries>;

/** The series of one queue or topic. Each is looked up in its exporter once, and not for each message. */
export class DestinationSeries {
  readonly consumed: CounterSeries;
  readonly laneTime: HistogramSeries;
  readonly queueTime: HistogramSeries;
  readonly eventAge: HistogramSeries;
  readonly batchSize: HistogramSeries;
  readonly publishBatchSize: HistogramSeries;
  readonly leasesExtended: CounterSeries;
  readonly leasesLost: CounterSeries;
  /** By pattern, outcome and reason: as many as the app declares, times a few. */
  private readonly byPattern = new Map<string, Map<string, ByReason>>();
  /** By operation, then by outcome. */
  private readonly byOperation = new Map<string, Map<string, HistogramSeries>>();
  private readonly sentByOutcome = new Map<string, CounterSeries>();
  private readonly batchesByOutcome = new Map<string, HistogramSeries>();
  private readonly lettersByError = new Map<string, CounterSeries>();

  constructor(
    private readonly sink: MetricsSink,
    private readonly destination: string,
  ) {
    const own = { destination };
    this.consumed = sink.counter('messaging.client.consumed.messages', own);
    this.laneTime = sink.histogram('sns_sqs.lane.time', own);
    this.queueTime = sink.histogram('sns_sqs.queue.time', own);
    this.eventAge = sink.histogram('sns_sqs.event.age', own);
    this.batchSize = sink.histogram('sns_sqs.process.batch.size', own);
    this.publishBatchSize = sink.histogram('sns_sqs.publish.batch.size', own);
    this.leasesExtended = sink.counter('sns_sqs.leases.extended', own);
    this.leasesLost = sink.counter('sns_sqs.leases.lost', own);
  }

  ofProcess(pattern: string, outcome: string, reason: string): ProcessSeries {
    return this.byPattern.get(pattern)?.get(outcome)?.get(reason) ?? this.makeProcess(pattern, outcome, reason);
  }

  /** The time of a call to AWS. */
  ofCall(operation: string, outcome: string): HistogramSeries {
    const { sink, destination } = this;
    const byOutcome = entryOf(this.byOperation, operation, () => new Map<string, HistogramSeries>());
    return entryOf(byOutcome, outcome, () =>
      sink.histogram('messaging.client.operation.duration', { destination, operation, outcome }),
    );
  }

  sent(outcome: string): CounterSeries {
    const { sink, destination } = this;
    return entryOf(this.sentByOutcome, outcome, () =>
      sink.counter('messaging.client.sent.messages', { destination, outcome }),
    );
  }

  batchDuration(outcome: string): HistogramSeries {
    const { sink, destination } = this;
    return entryOf(this.batchesByOutcome, outcome, () =>
      sink.histogram('sns_sqs.process.batch.duration', { destination, outcome }),
    );
  }

  deadLetters(error: string): CounterSeries {
    const { sink, destination } = this;
    return entryOf(this.lettersByError, error, () => sink.counter('sns_sqs.dead_letters', { destination, error }));
  }

  private makeProcess(pattern: string, outcome: string, reason: string): ProcessSeries {
    const { sink, destination } = this;
    const made: ProcessSeries = {
      duration: sink.histogram('messaging.process.duration', { destination, pattern, outcome }),
      outcomes: sink.counter('sns_sqs.process.outcomes', { destination, pattern, outcome, reason }),
      attempts: sink.histogram('sns_sqs.attempts', { destination, outcome }),
    };
    const byOutcome = entryOf(this.byPattern, pattern, () => new Map<string, ByReason>());
    entryOf(byOutcome, outcome, (): ByReason => new Map()).set(reason, made);
    return made;
  }
}

/** The series of all queues and topics of this process. */
export class AllSeries {
  private readonly byDestination = new Map<string, DestinationSeries>();

  constructor(private readonly sink: MetricsSink) {}

  of(destination: string): DestinationSeries {
    return this.byDestination.get(destination) ?? this.make(destination);
  }

  private make(destination: string): DestinationSeries {
    const made = new DestinationSeries(this.sink, destination);
    this.byDestination.set(destination, made);
    return made;
  }
}

function entryOf<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
