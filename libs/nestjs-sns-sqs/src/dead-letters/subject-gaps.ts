/** Events of a subject that are neither handled nor among the letters. */
export interface Gap {
  /** Full name of the queue. */
  queue: string;
  source: string;
  subject: string;
  /** The first and the last sequence that is missing. */
  from: string;
  to: string;
}

interface Subject {
  queue: string;
  source: string;
  subject: string;
  position: bigint | undefined;
  sequences: Set<bigint>;
}

/** Finds what is missing between the letters of each subject, and between them and what was handled. */
export class SubjectGaps {
  private readonly subjects = new Map<string, Subject>();

  /** @param position sequence of the last event that was handled; undefined: not known */
  add(queue: string, source: string, subject: string, sequence: string, position: string | undefined): void {
    const key = JSON.stringify([queue, source, subject]);
    const known = this.subjects.get(key) ?? {
      queue,
      source,
      subject,
      position: undefined,
      sequences: new Set<bigint>(),
    };
    known.sequences.add(BigInt(sequence));
    if (position !== undefined) known.position = BigInt(position);
    this.subjects.set(key, known);
  }

  list(): Gap[] {
    return [...this.subjects.values()].flatMap(gapsOf);
  }
}

function gapsOf({ queue, source, subject, position, sequences }: Subject): Gap[] {
  const sorted = [...sequences].toSorted((a, b) => (a < b ? -1 : 1));
  const gaps: Gap[] = [];
  let last = position ?? (sorted[0] ?? 0n) - 1n;
  for (const sequence of sorted) {
    if (sequence > last + 1n) {
      gaps.push({ queue, source, subject, from: String(last + 1n), to: String(sequence - 1n) });
    }
    last = sequence;
  }
  return gaps;
}
