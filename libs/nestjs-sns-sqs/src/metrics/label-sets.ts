import type { Labels } from './definitions.js';

/** The labels of a delivery that was settled so. */
export interface ProcessLabels {
  readonly duration: Labels;
  readonly outcomes: Labels;
  readonly attempts: Labels;
}

type ByReason = Map<string, ProcessLabels>;

/** Labels of one queue or topic. The same are the same object each time, by which exporters find their series. */
export class QueueLabels {
  readonly own: Labels;
  /** By pattern, outcome and reason: as many as the app declares, times a few. */
  private readonly byPattern = new Map<string, Map<string, ByReason>>();

  /** By operation, then by outcome. */
  private readonly byOperation = new Map<string, Map<string, Labels>>();

  private readonly byOutcome = new Map<string, Labels>();

  constructor(private readonly destination: string) {
    this.own = { destination };
  }

  of(pattern: string, outcome: string, reason: string): ProcessLabels {
    return this.byPattern.get(pattern)?.get(outcome)?.get(reason) ?? this.make(pattern, outcome, reason);
  }

  /** Of a call to AWS. */
  ofCall(operation: string, outcome: string): Labels {
    const byOutcome = entryOf(this.byOperation, operation, () => new Map<string, Labels>());
    return entryOf(byOutcome, outcome, () => ({ destination: this.destination, operation, outcome }));
  }

  ofOutcome(outcome: string): Labels {
    return entryOf(this.byOutcome, outcome, () => ({ destination: this.destination, outcome }));
  }

  private make(pattern: string, outcome: string, reason: string): ProcessLabels {
    const { destination } = this;
    const made: ProcessLabels = {
      duration: { destination, pattern, outcome },
      outcomes: { destination, pattern, outcome, reason },
      attempts: { destination, outcome },
    };
    const byOutcome = entryOf(this.byPattern, pattern, () => new Map<string, ByReason>());
    entryOf(byOutcome, outcome, (): ByReason => new Map()).set(reason, made);
    return made;
  }
}

/** Labels of all queues and topics of this process. */
export class LabelSets {
  private readonly byDestination = new Map<string, QueueLabels>();

  of(destination: string): QueueLabels {
    return this.byDestination.get(destination) ?? this.make(destination);
  }

  private make(destination: string): QueueLabels {
    const made = new QueueLabels(destination);
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
