import { median } from './statistics.mjs';

const PANELS = [
  { scenario: 'even', figure: 'perSecond', title: 'Even load, messages/s', bound: 2_000 },
  { scenario: 'tail', figure: 'perSecond', title: 'Tail, messages/s', bound: 1_450 },
  { scenario: 'noop', figure: 'perSecond', title: 'No-op handlers, messages/s' },
  { scenario: 'noop', figure: 'cpuMicros', title: 'No-op handlers, CPU µs per message' },
];
const COLOURS = { own: '#e0234e', lean: '#e0234e', loop: '#555' };
const RIVAL = '#b8bec6';
const WIDTH = 460;
const LABEL = 190;
const BAR = 16;
const ROW = 22;
const HEAD = 34;

const plain = label => label.replaceAll('`', '').replace('nestjs-sns-sqs, ', '… ');
const escaped = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const text = (x, y, content, attributes = '') => `<text x="${x}" y="${y}" ${attributes}>${escaped(content)}</text>`;

function panel({ scenario, figure, title, bound }, runs, contestants, x, y) {
  const values = contestants.map(({ key }) =>
    median(runs.filter(run => run.scenario === scenario && run.contestant === key).map(run => run[figure])),
  );
  const room = WIDTH - LABEL - 70;
  const scale = room / Math.max(...values, bound ?? 0);
  const bars = contestants.map(({ key, label }, index) => {
    const top = HEAD + index * ROW;
    const width = Math.max(1, values[index] * scale).toFixed(1);
    return [
      text(LABEL - 8, top + 12, plain(label), 'text-anchor="end"'),
      `<rect x="${LABEL}" y="${top}" width="${width}" height="${BAR}" fill="${COLOURS[key] ?? RIVAL}"/>`,
      text(LABEL + Number(width) + 5, top + 12, Math.round(values[index]).toLocaleString('en-US')),
    ].join('');
  });
  const height = HEAD + contestants.length * ROW;
  const line = bound
    ? `<line x1="${LABEL + bound * scale}" x2="${LABEL + bound * scale}" y1="${HEAD - 6}" y2="${height}" stroke="#111" stroke-dasharray="3 3"/>`
    : '';
  const heading = text(0, 16, bound ? `${title} (dashed: the slots' bound)` : title, 'font-weight="bold"');
  return `<g transform="translate(${x} ${y})">${heading}${bars.join('')}${line}</g>`;
}

/** Four panels of bars as an SVG. */
export function plot(runs, contestants) {
  const height = HEAD + contestants.length * ROW + 24;
  const panels = PANELS.map((each, index) =>
    panel(each, runs, contestants, 16 + (index % 2) * (WIDTH + 24), 12 + Math.floor(index / 2) * height),
  );
  const [w, h] = [2 * WIDTH + 56, 2 * height + 16];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>${panels.join('\n')}</svg>\n`;
}
