// Draws the pictures of docs/concepts into docs/pictures: boxes, arrows and notes on a grid, as SVG without a browser.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../docs/pictures');
const COLORS = {
  service: ['#e8f0fe', '#3367d6'],
  topic: ['#fdeef4', '#c2185b'],
  queue: ['#e6f6ec', '#1b7f3b'],
  dead: ['#fdecea', '#b3261e'],
  store: ['#fff4e0', '#a65f00'],
  idle: ['#f3f4f6', '#6b7280'],
};
const escape = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Pixels of a character in the widest of the usual fonts: of a bold first line, and of the others. */
const WIDEST = [8, 6.8];
const BORDER = 6;

const box = (x, y, width, height, kind, ...lines) => {
  const [fill, stroke] = COLORS[kind];
  const long = lines.find((line, index) => line.length * WIDEST[Math.min(index, 1)] > width - BORDER);
  if (long !== undefined) throw new Error(`a box of ${width} px is too narrow for “${long}”`);
  const first = y + height / 2 - (lines.length - 1) * 9 + 5;
  const texts = lines.map(
    (line, index) =>
      `<text x="${x + width / 2}" y="${first + index * 18}" text-anchor="middle"${index === 0 ? ' font-weight="600"' : ' font-size="12"'}>${escape(line)}</text>`,
  );
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="${fill}" stroke="${stroke}" stroke-width="1.5"/>${texts.join('')}`;
};

const arrow = (x1, y1, x2, y2, label = '', dashed = false) => {
  const dash = dashed ? ' stroke-dasharray="5 4"' : '';
  const text = label
    ? `<text x="${(x1 + x2) / 2}" y="${(y1 + y2) / 2 - 6}" text-anchor="middle" font-size="12" fill="#374151">${escape(label)}</text>`
    : '';
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#374151" stroke-width="1.5" marker-end="url(#head)"${dash}/>${text}`;
};

const note = (x, y, text, anchor = 'start') =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="12" fill="#374151">${escape(text)}</text>`;

const draw = (name, title, width, height, ...parts) =>
  writeFileSync(
    join(FOLDER, `${name}.svg`),
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#111827">
<title>${escape(title)}</title>
<defs><marker id="head" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto"><path d="M0,0 L9,4 L0,8 z" fill="#374151"/></marker></defs>
<rect width="${width}" height="${height}" rx="8" fill="#ffffff"/>
${parts.join('\n')}
</svg>
`,
  );

draw(
  'use-case',
  'One event, one topic, a queue for each use case',
  760,
  250,
  box(20, 95, 160, 56, 'service', 'users', 'emits user.registered'),
  arrow(180, 123, 225, 123),
  box(225, 95, 170, 56, 'topic', 'users-domain-events', 'SNS topic'),
  arrow(395, 110, 445, 50),
  note(412, 68, 'filter', 'end'),
  arrow(395, 123, 445, 123),
  arrow(395, 136, 445, 200),
  box(445, 24, 185, 50, 'queue', 'send-email-on-…', 'queue of notifications'),
  box(445, 98, 185, 50, 'queue', 'update-crm-on-…', 'queue of sales'),
  box(445, 174, 185, 50, 'queue', 'create-defaults-on-…', 'queue of users'),
  arrow(630, 49, 680, 49),
  arrow(630, 123, 680, 123),
  arrow(630, 199, 680, 199),
  note(686, 53, 'handler'),
  note(686, 127, 'handler'),
  note(686, 203, 'handler'),
);

draw(
  'queue',
  'A queue and its dead-letter queue',
  760,
  220,
  box(20, 30, 150, 56, 'topic', 'topic', 'or another service'),
  arrow(170, 58, 260, 58, 'delivers'),
  box(260, 30, 200, 56, 'queue', 'send-email-on-…', 'keeps messages 14 days'),
  arrow(460, 50, 560, 50, 'receive'),
  arrow(560, 70, 460, 70),
  note(510, 88, 'visible again', 'middle'),
  box(560, 30, 170, 56, 'service', 'handler', 'in one of n instances'),
  arrow(645, 86, 645, 150),
  note(652, 122, 'finished: deleted'),
  box(590, 150, 110, 44, 'idle', 'deleted'),
  arrow(360, 86, 360, 150),
  note(368, 122, 'attempts used up'),
  box(260, 150, 200, 44, 'dead', '…-dlq, with the reason'),
);

draw(
  'attempt',
  'Attempts with the default backoff',
  760,
  190,
  ...[
    [20, '1', '0 s'],
    [140, '2', '2 s'],
    [260, '3', '15–18 s'],
    [380, '4', '2–2.5 min'],
    [500, '5', '16–20 min'],
  ].map(([x, n, at]) => `${box(x, 50, 90, 50, 'service', `attempt ${n}`, 'throws')}${note(x + 45, 122, at, 'middle')}`),
  ...[110, 230, 350, 470].map(x => arrow(x, 75, x + 30, 75)),
  arrow(590, 75, 640, 75),
  box(640, 50, 100, 50, 'dead', 'dead-letter', 'queue'),
  note(20, 30, 'One call of the handler that failed is one attempt. The times count from the first attempt.'),
  note(
    20,
    165,
    'Not counted: RetryLater, a shutdown, a wait for another version, a wait behind a failed message of the group.',
  ),
);

draw(
  'lease',
  'The lease is extended while the handler runs',
  760,
  190,
  note(20, 30, 'visibilityTimeoutSeconds: 30, handler runs for 45 s'),
  box(40, 50, 400, 34, 'service', 'handler runs'),
  box(40, 96, 267, 30, 'queue', 'lease of 30 s from the receive'),
  box(129, 130, 267, 30, 'queue', 'extended at 10 s'),
  arrow(440, 67, 560, 67, 'finished'),
  box(560, 50, 150, 34, 'idle', 'message deleted'),
  note(405, 150, '… extended every 10 s until the handler ends'),
  note(20, 182, 'While the lease lasts, SQS hides the message from all other consumers.'),
);

draw(
  'lane',
  'Lanes run in parallel, messages of a lane one by one',
  760,
  200,
  box(20, 60, 170, 80, 'queue', 'command queue', 'a1 b1 a2 c1 a3 b2'),
  arrow(190, 75, 270, 45),
  arrow(190, 100, 270, 100),
  arrow(190, 125, 270, 157),
  note(280, 49, 'lane a'),
  note(280, 104, 'lane b'),
  note(280, 161, 'lane c'),
  box(340, 28, 70, 34, 'service', 'a1'),
  box(430, 28, 70, 34, 'idle', 'a2 waits'),
  box(520, 28, 70, 34, 'idle', 'a3 waits'),
  box(340, 83, 70, 34, 'service', 'b1'),
  box(430, 83, 70, 34, 'idle', 'b2 waits'),
  box(340, 140, 70, 34, 'service', 'c1'),
  note(610, 105, '3 slots are used:'),
  note(610, 123, 'a1, b1, c1'),
);

draw(
  'group',
  'A failed message holds back its own group only',
  760,
  190,
  note(20, 28, 'notifications-async-commands.fifo'),
  box(20, 45, 120, 44, 'dead', 'user-1: A', 'fails, retried'),
  box(150, 45, 120, 44, 'idle', 'user-1: B', 'waits'),
  box(280, 45, 120, 44, 'idle', 'user-1: C', 'waits'),
  box(20, 110, 120, 44, 'queue', 'user-2: A', 'done'),
  box(150, 110, 120, 44, 'queue', 'user-2: B', 'done'),
  box(280, 110, 120, 44, 'service', 'user-2: C', 'runs'),
  note(430, 62, 'Group user-1 keeps its order: B waits for A,'),
  note(430, 80, 'in all instances. B and C use up no attempt.'),
  note(430, 136, 'Group user-2 continues.'),
  note(20, 180, 'onGroupFailure: ‘skip’ dead-letters A at once, and B runs next.'),
);

draw(
  'subject',
  'Events of one subject with their sequence',
  760,
  210,
  note(20, 28, 'Subject user-1 of users. The queue delivers 1, 3, 2.'),
  box(20, 45, 110, 40, 'topic', 'sequence 1'),
  box(140, 45, 110, 40, 'topic', 'sequence 3'),
  box(260, 45, 110, 40, 'topic', 'sequence 2'),
  note(20, 118, "ordering: 'latest'"),
  box(160, 98, 80, 32, 'queue', '1 runs'),
  box(250, 98, 80, 32, 'queue', '3 runs'),
  box(340, 98, 110, 32, 'idle', '2 is skipped'),
  note(470, 118, 'for a state: an address, a price'),
  note(20, 166, "ordering: 'sequential'"),
  box(160, 146, 80, 32, 'queue', '1 runs'),
  box(250, 146, 80, 32, 'idle', '3 waits'),
  box(340, 146, 80, 32, 'queue', '2 runs'),
  box(430, 146, 80, 32, 'queue', '3 runs'),
  note(530, 166, 'where every event counts'),
);

draw(
  'inbox',
  'The inbox makes a second delivery harmless',
  760,
  240,
  box(20, 30, 150, 44, 'queue', 'event e1', 'first delivery'),
  arrow(170, 52, 260, 52, 'claim'),
  box(260, 30, 150, 44, 'store', 'inbox', 'e1: claimed'),
  arrow(410, 52, 480, 52),
  box(480, 30, 110, 44, 'service', 'handler runs'),
  arrow(590, 52, 650, 52, 'done'),
  box(650, 30, 90, 44, 'idle', 'deleted'),
  box(20, 100, 150, 44, 'queue', 'event e1', 'copy, meanwhile'),
  arrow(170, 122, 260, 122, 'claim'),
  box(260, 100, 150, 44, 'store', 'inbox', 'e1: claimed'),
  arrow(410, 122, 480, 122),
  box(480, 100, 260, 44, 'idle', 'waits, uses up no attempt'),
  box(20, 170, 150, 44, 'queue', 'event e1', 'copy, later'),
  arrow(170, 192, 260, 192, 'claim'),
  box(260, 170, 150, 44, 'store', 'inbox', 'e1: done'),
  arrow(410, 192, 480, 192),
  box(480, 170, 260, 44, 'idle', 'deleted without the handler'),
);
