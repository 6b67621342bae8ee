import { type Command, InvalidArgumentError } from 'commander';
import { hasCondition, type LetterSelection } from '../../dead-letters/letter-filter.js';
import { CliError } from '../cli-error.js';

export interface FilterOptions {
  id?: string[];
  group?: string;
  type?: string;
  error?: string;
  subject?: string;
  source?: string;
  text?: string;
  before?: number;
  since?: number;
}

export interface SelectionOptions extends FilterOptions {
  all?: boolean;
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time without a zone is this machine's. */
const ISO_TIME = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** `2026-01-02T03:04:05Z`, or `30m` for half an hour ago. @returns epoch milliseconds */
function momentOf(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined) return Date.now() - Number(amount) * (UNITS[unit] ?? 0);
  // Date.parse() takes 90 for the year 1990.
  const time = ISO_TIME.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time))
    throw new InvalidArgumentError('Give a time such as 2026-01-02T03:04:05Z, or an age such as 30m.');
  return time;
}

/** For commander: a number from `min` on. */
export const numberFrom =
  (min: number) =>
  (text: string): number => {
    const number = Number(text);
    if (text.trim() === '' || !Number.isFinite(number) || number < min) {
      throw new InvalidArgumentError(`Give a number from ${min} on.`);
    }
    return number;
  };

export const withFilter = (command: Command): Command =>
  command
    .option(
      '--id <id>',
      'the letter with this id; may be given several times',
      (id: string, all: string[] | undefined) => [...(all ?? []), id],
    )
    .option('--group <key>', 'letters of this group, see `dlq groups`')
    .option('--type <type>', 'letters with this type of event')
    .option('--error <name>', 'letters with this class or code of the error')
    .option('--subject <subject>', 'letters with this subject')
    .option('--source <queue>', 'letters that come from this queue')
    .option('--text <text>', 'letters whose reason or body contains this text')
    .option('--before <time>', 'letters that are older: a time, or an age such as 30m', momentOf)
    .option('--since <time>', 'letters that are newer: a time, or an age such as 2h', momentOf);

export const withSelection = (command: Command): Command =>
  withFilter(command).option('--all', 'every letter of the queue');

export const filterOf = ({ id, group, type, error, subject, source, text, before, since }: FilterOptions) => ({
  ids: id,
  group,
  type,
  error,
  subject,
  source,
  text,
  before,
  since,
});

/** Throws a CliError where no letters are named. */
export function selectionOf(queue: string, options: SelectionOptions): LetterSelection {
  const filter = filterOf(options);
  if (!hasCondition(filter) && options.all !== true)
    throw new CliError('Name the letters by --group, --id, --type, …, or give --all');
  return { queue, all: options.all, ...filter };
}

/** The queue, which is the command's first argument. */
export const queueOf = ([queue = '']: readonly string[]): string => queue;
