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

/** What was read and what was not; empty where everything was. */
export function coverageText({ read, total, unread }: Coverage): string {
  if (unread === 0) return '';
  return `${read} of about ${total} letters were read. The others are held by somebody else, stand behind the first ten of their FIFO group, or were too many.`;
}

const MEANING: Readonly<Record<Foresight, string>> = {
  duplicate: 'were handled already: the inbox will skip them',
  older: 'were overtaken by a later event of their subject: they will be skipped',
  contract: "do not fit today's contract: they will be dead-lettered again",
  'no-handler': 'have a type that no handler takes: they will be dead-lettered again',
  unparsable: 'are no events: without a deserializer they will be dead-lettered again',
  'no-target': 'have no queue to go to: give --to',
  'redriven-before': 'were redriven before, and failed again',
};

export function forecastText({ notes, gaps, unknown }: Forecast): string {
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
  return all.length === 0 ? 'Nothing stands against it.\n' : `${all.join('\n')}\n`;
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
    ? [`${selected} letters would be sent${selected > 0 ? `: ${targetsText(targets)}` : ''}`]
    : [`${sent} letters were sent${sent > 0 ? `: ${targetsText(targets)}` : ''}`];
  if (stopped === 'failed-again')
    lines.push(`Stopped, because ${failedAgain.length} failed again: ${short(failedAgain[0]?.reason)}`);
  if (stopped === 'aborted') lines.push('Stopped.');
  if (left > 0) lines.push(`${left} selected letters were not tried.`);
  if (refused.length > 0) lines.push(`${refused.length} were refused and stay: ${short(refused[0]?.message)}`);
  if (heldBack > 0) lines.push(`${heldBack} stay behind them, so that nothing is overtaken.`);
  if (undeleted.length > 0)
    lines.push(`${undeleted.length} were sent and could not be deleted: the next redrive sends them again.`);
  if (notFound > 0) lines.push(`${notFound} had gone, or somebody else holds them.`);
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
