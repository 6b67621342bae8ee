import { escapeHtml } from './escape-html.js';

/** From a sender to a topic or queue, from a topic to a queue, or from a queue to its service. */
export interface Link {
  from: string;
  to: string;
  toKind: 'topic' | 'queue' | 'service';
}

interface Box {
  name: string;
  column: number;
  row: number;
}

const COLUMN = 300;
const ROW = 44;
const WIDTH = 260;
const HEIGHT = 30;
const MARGIN = 10;
const HEADS = ['Senders', 'Topics', 'Queues', 'Services'];
const COLUMN_OF = { topic: 1, queue: 2, service: 3 } as const;
const MAX_TEXT = 36;

/** Every box once in each column, in the order of the names. */
function boxesOf(links: readonly Link[]): Map<string, Box> {
  const columns: Array<Set<string>> = HEADS.map(() => new Set());
  for (const { to, toKind } of links) columns[COLUMN_OF[toKind]]?.add(to);
  for (const { from } of links) if (!columns[1]?.has(from) && !columns[2]?.has(from)) columns[0]?.add(from);
  const boxes = new Map<string, Box>();
  columns.forEach((names, column) =>
    [...names].toSorted().forEach((name, row) => boxes.set(`${column} ${name}`, { name, column, row })),
  );
  return boxes;
}

const x = (column: number): number => MARGIN + column * COLUMN;
const y = (row: number): number => MARGIN + (row + 1) * ROW;
const short = (name: string): string => (name.length > MAX_TEXT ? `${name.slice(0, MAX_TEXT - 1)}…` : name);

const boxSvg = ({ name, column, row }: Box): string =>
  `<g><title>${escapeHtml(name)}</title><rect x="${x(column)}" y="${y(row)}" width="${WIDTH}" height="${HEIGHT}" rx="5" fill="none" stroke="currentColor"/><text x="${x(column) + 8}" y="${y(row) + 20}">${escapeHtml(short(name))}</text></g>`;

function lineSvg(from: Box, to: Box): string {
  const [x1, y1, x2, y2] = [x(from.column) + WIDTH, y(from.row) + HEIGHT / 2, x(to.column), y(to.row) + HEIGHT / 2];
  const middle = (x1 + x2) / 2;
  return `<path d="M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}" fill="none" stroke="currentColor" opacity="0.5"/>`;
}

/** The way of messages as a drawing: senders, topics, queues, services. Pure. */
export function cataloguePicture(links: readonly Link[]): string {
  const boxes = boxesOf(links);
  const startOf = (name: string, before: number): Box | undefined =>
    [2, 1, 0].filter(column => column < before).flatMap(column => boxes.get(`${column} ${name}`) ?? [])[0];
  const lines = links.flatMap(({ from, to, toKind }) => {
    const end = boxes.get(`${COLUMN_OF[toKind]} ${to}`);
    const start = startOf(from, COLUMN_OF[toKind]);
    return start && end ? [lineSvg(start, end)] : [];
  });
  const rows = Math.max(0, ...[...boxes.values()].map(({ row }) => row + 1));
  const heads = HEADS.map(
    (head, column) => `<text x="${x(column)}" y="${MARGIN + 18}" font-weight="bold">${head}</text>`,
  );
  const size = `${x(HEADS.length - 1) + WIDTH + MARGIN} ${y(rows) + MARGIN}`;
  return `<svg viewBox="0 0 ${size}" role="img" aria-label="Senders, topics, queues and services">
${[...heads, ...lines, ...[...boxes.values()].map(boxSvg)].join('\n')}
</svg>`;
}
