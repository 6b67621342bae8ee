import type { Forecast, Foresight } from '../../dead-letters/forecast.js';
import type { Letter } from '../../dead-letters/letter.js';
import type { Coverage } from '../../dead-letters/look-through.js';
import type { RedriveReport } from '../../dead-letters/redrive-report.js';
import { printable } from '../../logging/printable.js';
import { table } from '../output.js';

/** Seconds and smaller are no help to a person. */
export const stamp = (ms: number | undefined): string =>
  ms === undefined ? '' : `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')}Z`;

const MAX_CELL = 60;

export const short = (text: string | undefined): string => {
  const line = text ?? '';
  return line.length > MAX_CELL ? `${line.slice(0, MAX_CELL - 1)}…` : line;
};

/** `1 letter`, `2 letters` */
export const lettersOf = (count: number): string => `${count} letter${count === 1 ? '' : 's'}`;

/** What was read and what was not; empty where everything was. */
export function coverageText({ read, total, unread }: Coverage): string {
  if (unread === 0) return '';
  return `Read ${read} of about ${lettersOf(total)}. The others are in flight, wait behind the first ten letters of their FIFO group, or were too many.`;
}

const MEANING: Readonly<Record<Foresight, string>> = {
  duplicate: 'handled already: the inbox will skip the message',
  older: 'overtaken by a later event of the subject: the order will skip the message',
  contract: "with data that does not fit today's contract: the message will be dead-lettered again",
  'no-handler': 'with a type that no handler takes: the message will be dead-lettered again',
  unparsable: 'without an event in the body: the message will be dead-lettered again, if no deserializer reads it',
  'no-target': 'without a queue to go to: give --to',
  'redriven-before': 'redriven before, and failed again',
};

function forecastText({ notes, gaps, unknown }: Forecast): string {
  const lines = (Object.keys(notes) as Foresight[]).flatMap(kind => {
    const note = notes[kind];
    if (!note) return [];
    const examples = note.examples.slice(0, 3).map(({ id, why }) => `    ${id}: ${printable(why)}`);
    return [`  ${note.count} ${MEANING[kind]}`, ...examples];
  });
  const missing = gaps.map(
    ({ queue, subject, from, to }) =>
      `  ${queue}: ${printable(subject)} waits for ${from === to ? from : `${from} to ${to}`}`,
  );
  const open = unknown.map(each => `  not checked: ${printable(each)}`);
  const all = [...lines, ...missing, ...open];
  return all.length === 0 ? 'The desk expects no failure.\n' : `${all.join('\n')}\n`;
}

/** True: a person should look before letters are sent. */
export const hasFindings = ({ notes, gaps }: Forecast): boolean => Object.keys(notes).length > 0 || gaps.length > 0;

const targetsText = (targets: RedriveReport['targets']): string =>
  Object.entries(targets)
    .map(([name, count]) => `${count} to ${name}`)
    .join(', ');

export function redriveText(report: RedriveReport): string {
  const { dryRun, selected, sent, targets, refused, heldBack, undeleted, notFound, failedAgain, stopped, left } =
    report;
  const lines = dryRun
    ? [`Would send ${lettersOf(selected)}${selected > 0 ? `: ${targetsText(targets)}` : ''}`]
    : [`Sent ${lettersOf(sent)}${sent > 0 ? `: ${targetsText(targets)}` : ''}`];
  if (stopped === 'failed-again')
    lines.push(`Stopped, because ${failedAgain.length} failed again: ${short(failedAgain[0]?.reason)}`);
  else if (failedAgain.length > 0)
    lines.push(
      `Failed again, and back in the queue: ${lettersOf(failedAgain.length)}. The first reason: ${short(failedAgain[0]?.reason)}`,
    );
  if (stopped === 'aborted') lines.push('Stopped.');
  if (left > 0) lines.push(`Did not try ${lettersOf(left)} of the selection.`);
  if (refused.length > 0)
    lines.push(
      `Refused, and still in the queue: ${lettersOf(refused.length)}. The first reason: ${short(refused[0]?.message)}`,
    );
  if (heldBack > 0) lines.push(`Left behind these, to keep the order: ${lettersOf(heldBack)}.`);
  if (undeleted.length > 0)
    lines.push(`Sent, and not deleted: ${lettersOf(undeleted.length)}. The next redrive sends them again.`);
  if (notFound > 0) lines.push(`Not found, or in flight: ${lettersOf(notFound)}.`);
  return `${lines.join('\n')}\n${report.forecast ? forecastText(report.forecast) : ''}`;
}

export const lettersTable = (letters: readonly Letter[]): string =>
  table(
    ['id', 'since', 'expires', 'type', 'error', 'reason'],
    letters.map(({ id, sentAt, expiresAt, type, error, reason }) => [
      id,
      stamp(sentAt),
      stamp(expiresAt),
      type ?? '',
      error ?? '',
      short(reason),
    ]),
  );

/** One letter, whole. */
export function letterText(letter: Letter): string {
  const { id, queue, source, group, type, error, reason, frame, details, attempts, failedAt, redrives, groupId, body } =
    letter;
  const rows = Object.entries({
    id,
    queue,
    source,
    group,
    type,
    event: letter.event?.metadata.id,
    subject: letter.event?.metadata.subject,
    sequence: letter.event?.metadata.sequence,
    'message group': groupId,
    error,
    reason,
    at: frame,
    details,
    attempts,
    'dead-lettered': failedAt,
    expires: stamp(letter.expiresAt),
    redrives,
  }).filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${printable(String(value))}`);
  return `${lines.join('\n')}\n\n${bodyText(body)}\n`;
}

/** JSON with a line for each value; no text in it can send a control sequence. */
export function bodyText(body: string): string {
  try {
    const lines = JSON.stringify(JSON.parse(body), null, 2).split('\n');
    return lines.map(printable).join('\n');
  } catch {
    return printable(body);
  }
}
