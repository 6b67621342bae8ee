import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { Letter } from './letter.js';

/** Where a page begins: after this letter. SQS has no order that lasts, so the letters' own times make one. */
interface Place {
  sentAt: number;
  id: string;
}

const isBehind = (a: Place, b: Place): boolean => a.sentAt > b.sentAt || (a.sentAt === b.sentAt && a.id > b.id);

const cursorOf = ({ sentAt, id }: Place): string => Buffer.from(`${sentAt} ${id}`).toString('base64url');

export function placeOf(cursor: string): Place {
  const match = /^(\d{1,16}) ([\w-]{1,100})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new SnsSqsError('INVALID_OPTIONS', {
      problem: 'The cursor is not one that `list()` gave',
      remedy: 'give the `cursor` of the page before, or leave it out',
    });
  }
  return { sentAt: Number(match[1]), id: match[2] };
}

/** The oldest letters behind a place: those whose retention ends first. Keeps no more than it gives. */
export class OldestLetters {
  private readonly kept: Letter[] = [];
  private hasMore = false;

  constructor(
    private readonly limit: number,
    private readonly after: Place | undefined,
  ) {}

  add(letter: Letter): void {
    if (this.after && !isBehind(letter, this.after)) return;
    const last = this.kept.at(-1);
    if (this.kept.length === this.limit) {
      this.hasMore = true;
      if (last && isBehind(letter, last)) return;
      this.kept.pop();
    }
    let low = 0;
    let high = this.kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.kept[middle];
      if (other && isBehind(letter, other)) low = middle + 1;
      else high = middle;
    }
    this.kept.splice(low, 0, letter);
  }

  /** @returns the letters, oldest first, and the place of the next page; undefined: there is none */
  page(): { letters: Letter[]; cursor: string | undefined } {
    const last = this.kept.at(-1);
    return { letters: [...this.kept], cursor: this.hasMore && last ? cursorOf(last) : undefined };
  }
}
