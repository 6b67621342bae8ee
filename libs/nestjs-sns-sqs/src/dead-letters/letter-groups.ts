import { failureGroup, type FailureGroup } from './failure-group.js';
import type { Letter } from './letter.js';

/** Letters that failed alike. */
export interface LetterGroup extends FailureGroup {
  count: number;
  /** When SQS accepted the first and the last of them, in epoch milliseconds. */
  firstAt: number;
  lastAt: number;
  /** When SQS deletes the first of them, in epoch milliseconds. */
  expiresAt: number | undefined;
  /** Id and reason of one of them. */
  sample: { id: string; reason: string | undefined };
  /** The highest number of redrives of one of them. */
  redrives: number;
}

/** Groups that are kept apart; what comes later is counted in one group. */
const MAX_GROUPS = 1_000;
const OTHERS = 'others';

/** Groups letters in a memory that does not grow with their number. */
export class LetterGroups {
  private readonly groups = new Map<string, LetterGroup>();

  constructor(private readonly maxGroups = MAX_GROUPS) {}

  add(letter: Letter): void {
    const known = this.groups.get(letter.group);
    if (known) return merge(known, letter);
    const isFull = this.groups.size >= this.maxGroups;
    const others = isFull ? this.groups.get(OTHERS) : undefined;
    if (others) return merge(others, letter);
    const group: LetterGroup = {
      ...(isFull ? OTHER_GROUP : failureGroup(letter)),
      count: 1,
      firstAt: letter.sentAt,
      lastAt: letter.sentAt,
      expiresAt: letter.expiresAt,
      sample: { id: letter.id, reason: letter.reason },
      redrives: letter.redrives,
    };
    this.groups.set(group.key, group);
  }

  /** Largest first. */
  list(): LetterGroup[] {
    return [...this.groups.values()].toSorted((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
  }
}

const OTHER_GROUP: FailureGroup = {
  key: OTHERS,
  type: undefined,
  error: OTHERS,
  message: 'letters of further groups',
  frame: undefined,
};

function merge(group: LetterGroup, { sentAt, expiresAt = Infinity, redrives }: Letter): void {
  group.count += 1;
  group.firstAt = Math.min(group.firstAt, sentAt);
  group.lastAt = Math.max(group.lastAt, sentAt);
  if (group.expiresAt !== undefined) group.expiresAt = Math.min(group.expiresAt, expiresAt);
  group.redrives = Math.max(group.redrives, redrives);
}
