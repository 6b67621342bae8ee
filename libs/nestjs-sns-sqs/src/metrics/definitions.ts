/** Seconds, by the semantic conventions. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Seconds, from a quick queue to its retention of 14 days. */
const AGE_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400, 1_209_600];

export type Label = 'destination' | 'operation' | 'pattern' | 'outcome' | 'reason' | 'error';

interface Definition {
  type: 'counter' | 'histogram' | 'gauge';
  /** Of OpenTelemetry: UCUM. */
  unit: string;
  help: string;
  labels: readonly Label[];
  buckets?: readonly number[];
}

const definitions = <Name extends string>(list: Record<Name, Definition>): Record<Name, Definition> => list;

/**
 * Every metric, for all exporters. Labels are names that the app declares (queues, topics, patterns), outcomes, and
 * classes of errors: nothing that a message could make up.
 */
export const METRICS = definitions({
  'messaging.client.sent.messages': {
    type: 'counter',
    unit: '{message}',
    help: 'Events, commands and requests that AWS has accepted or refused; a retry of the library counts again.',
    labels: ['destination', 'outcome'],
  },
  'messaging.client.consumed.messages': {
    type: 'counter',
    unit: '{message}',
    help: 'Messages that SQS has handed out to this process.',
    labels: ['destination'],
  },
  'messaging.client.operation.duration': {
    type: 'histogram',
    unit: 's',
    help: 'Time of one call to AWS. A long poll that waits for messages is included.',
    labels: ['destination', 'operation', 'outcome'],
    buckets: DURATION_BUCKETS,
  },
  'messaging.process.duration': {
    type: 'histogram',
    unit: 's',
    help: 'Time of one delivery: the inbox, the pipeline and the handler.',
    labels: ['destination', 'pattern', 'outcome'],
    buckets: DURATION_BUCKETS,
  },
  'sns_sqs.process.outcomes': {
    type: 'counter',
    unit: '{message}',
    help: 'Deliveries by how they were settled, and why. What the inbox and the order decided is among the reasons.',
    labels: ['destination', 'pattern', 'outcome', 'reason'],
  },
  'sns_sqs.process.batch.size': {
    type: 'histogram',
    unit: '{message}',
    help: 'Messages that one call of a batch handler got.',
    labels: ['destination'],
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000],
  },
  'sns_sqs.process.batch.duration': {
    type: 'histogram',
    unit: 's',
    help: 'Time of one call of a batch handler.',
    labels: ['destination', 'outcome'],
    buckets: DURATION_BUCKETS,
  },
  'sns_sqs.queue.time': {
    type: 'histogram',
    unit: 's',
    help: 'Time from the send of a message to its turn, earlier attempts included.',
    labels: ['destination'],
    buckets: AGE_BUCKETS,
  },
  'sns_sqs.event.age': {
    type: 'histogram',
    unit: 's',
    help: "Time from an event's own time to its turn, by the clocks of two machines.",
    labels: ['destination'],
    buckets: AGE_BUCKETS,
  },
  'sns_sqs.lane.time': {
    type: 'histogram',
    unit: 's',
    help: 'Time that a received message waits in this process for a slot and for its lane.',
    labels: ['destination'],
    buckets: DURATION_BUCKETS,
  },
  'sns_sqs.attempts': {
    type: 'histogram',
    unit: '{attempt}',
    help: 'Attempts that a message took until it was deleted or dead-lettered.',
    labels: ['destination', 'outcome'],
    buckets: [1, 2, 3, 4, 5, 7, 10, 20, 50],
  },
  'sns_sqs.dead_letters': {
    type: 'counter',
    unit: '{message}',
    help: 'Messages that were dead-lettered, by the code or the class of the error.',
    labels: ['destination', 'error'],
  },
  'sns_sqs.leases.extended': {
    type: 'counter',
    unit: '{message}',
    help: 'Leases that were extended because a handler still ran.',
    labels: ['destination'],
  },
  'sns_sqs.leases.lost': {
    type: 'counter',
    unit: '{message}',
    help: 'Leases that ended while a handler ran: another process may handle the message at the same time.',
    labels: ['destination'],
  },
  'sns_sqs.publish.batch.size': {
    type: 'histogram',
    unit: '{message}',
    help: 'Messages in one publish call, 10 at most.',
    labels: ['destination'],
    buckets: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  },
  'sns_sqs.emits.pending': {
    type: 'gauge',
    unit: '{message}',
    help: 'Emits of this process that AWS has not answered.',
    labels: ['destination'],
  },
  'sns_sqs.slots.in_use': {
    type: 'gauge',
    unit: '{slot}',
    help: 'Handlers that run, and lanes that wait for a slot of the server.',
    labels: ['destination'],
  },
  'sns_sqs.slots.limit': {
    type: 'gauge',
    unit: '{slot}',
    help: 'Messages of a queue that this process may handle at the same time (concurrency).',
    labels: ['destination'],
  },
  'sns_sqs.messages.waiting': {
    type: 'gauge',
    unit: '{message}',
    help: 'Received messages that wait for their lane or a slot.',
    labels: ['destination'],
  },
  'sns_sqs.handlers.overdue': {
    type: 'gauge',
    unit: '{handler}',
    help: 'Handlers that run although handlerTimeoutMs is over.',
    labels: ['destination'],
  },
  'sns_sqs.queue.up': {
    type: 'gauge',
    unit: '1',
    help: '1: the queue is handled now. 0: it is not; server.health() says why.',
    labels: ['destination'],
  },
  'sns_sqs.outbox.waiting': {
    type: 'gauge',
    unit: '{message}',
    help: 'Messages of the outbox that are committed and not published; from 10,001 on not counted further. Every process tells the same.',
    labels: ['destination'],
  },
  'sns_sqs.outbox.age': {
    type: 'gauge',
    unit: 's',
    help: 'Age of the oldest message of the outbox that is committed and not published. Every process tells the same.',
    labels: ['destination'],
  },
  'sns_sqs.outbox.refused': {
    type: 'gauge',
    unit: '{message}',
    help: 'Messages of the outbox that AWS has refused for good. Every process tells the same.',
    labels: ['destination'],
  },
  'sns_sqs.outbox.scheduled': {
    type: 'gauge',
    unit: '{message}',
    help: 'Messages of the outbox that are to be published later. Every process tells the same.',
    labels: ['destination'],
  },
  'sns_sqs.outbox.up': {
    type: 'gauge',
    unit: '1',
    help: '1: this process publishes messages of the outbox. 0: it does not; server.health() says why.',
    labels: ['destination'],
  },
  'sns_sqs.queue.depth': {
    type: 'gauge',
    unit: '{message}',
    help: 'Messages that SQS has, about: visible, in flight, delayed. Only where depth is asked for.',
    labels: ['destination', 'outcome'],
  },
  'sns_sqs.dead_letters.depth': {
    type: 'gauge',
    unit: '{message}',
    help: 'Messages in the dead-letter queue, about. Only where depth is asked for.',
    labels: ['destination'],
  },
  'sns_sqs.queue.backlog': {
    type: 'gauge',
    unit: 's',
    help: 'Visible messages times the mean time of a slot for one message: seconds that one slot needs for them. Only where depth is asked for.',
    labels: ['destination'],
  },
});

export type MetricName = keyof typeof METRICS;
export type Labels = Partial<Record<Label, string>>;

/** A counter with one set of labels. */
export interface CounterSeries {
  add(value: number): void;
}

/** A histogram with one set of labels. */
export interface HistogramSeries {
  record(value: number): void;
}

/** Where an exporter takes what is measured. Each series is asked for once, and shown as soon as it has a value. */
export interface MetricsSink {
  /** @param labels are not changed afterwards */
  counter(name: MetricName, labels: Labels): CounterSeries;
  /** @param labels are not changed afterwards */
  histogram(name: MetricName, labels: Labels): HistogramSeries;
}

/** A gauge's value now. */
export interface Reading {
  name: MetricName;
  value: number;
  labels: Labels;
}
