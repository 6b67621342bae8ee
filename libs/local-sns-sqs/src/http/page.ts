const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --dim: #888; --accent: #2a7; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; font: 15px/1.5 system-ui, sans-serif; }
header { display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap; }
h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
.dim { color: var(--dim); }
#live::before { content: '●'; margin-right: .3rem; color: var(--accent); }
#live.away::before { color: #c33; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 600; font-size: .85rem; color: var(--dim); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.queue { cursor: pointer; }
tr.queue:hover, tr.queue:focus { background: var(--soft); outline: none; }
.tag { font-size: .75rem; border: 1px solid var(--line); border-radius: 1rem; padding: 0 .5rem; margin-left: .5rem; display: inline-block; }
.dead { color: #c33; border-color: #c33; }
.message { border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0; padding: .4rem .6rem; }
.message > p { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.message > div { font-size: .8rem; color: var(--dim); overflow-wrap: anywhere; }
pre { margin: .3rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.45 ui-monospace, monospace; max-height: 24rem; overflow: auto; }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; }
.failed { color: #c33; }
`;

/** Texts reach the page as text only: nothing is ever parsed as HTML. */
export const PAGE_SCRIPT = `
'use strict';
const $ = id => document.getElementById(id);
const open = new Set();
let shown = '';

function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const child of children) node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  return node;
}
const row = (...cells) => el('tr', '', ...cells);
const cell = (text, className) => el('td', className, text);
const time = at => new Date(at).toLocaleTimeString([], { hour12: false }) + '.' + String(at % 1000).padStart(3, '0');

function pretty(body) {
  try {
    const parsed = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? JSON.stringify(parsed, null, 2) : body;
  } catch {
    return body;
  }
}

function message(m) {
  const { 'deadletter.reason': reason, ...attributes } = m.attributes;
  const facts = [m.state, m.receives === 1 ? 'received once' : 'received ' + m.receives + ' times', 'sent ' + time(m.sentAt), m.id];
  if (m.group !== undefined) facts.push('group ' + m.group);
  for (const [name, value] of Object.entries(attributes)) facts.push(name + ': ' + value);
  const body = m.cut > 0 ? m.body + '\\n… ' + m.cut + ' more characters' : pretty(m.body);
  const why = reason === undefined ? [] : [el('p', 'failed', reason)];
  return el('div', 'message', ...why, el('div', '', facts.join(' · ')), el('pre', '', body));
}

function queueRows(q) {
  const name = el('td', '', q.name);
  const total = q.visible + q.inFlight + q.delayed;
  const sources = q.deadLettersOf.join(', ');
  if (sources !== '') name.append(el('span', total > 0 ? 'tag dead' : 'tag', 'dead letters of ' + sources));
  const head = row(name, cell(q.visible, 'n'), cell(q.inFlight, 'n'), cell(q.delayed, 'n'));
  head.className = 'queue';
  head.tabIndex = 0;
  head.setAttribute('aria-expanded', String(open.has(q.name)));
  const toggle = () => {
    if (!open.delete(q.name)) open.add(q.name);
    shown = '';
    void look();
  };
  head.addEventListener('click', toggle);
  head.addEventListener('keydown', event => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      toggle();
    }
  });
  if (!open.has(q.name)) return [head];
  const list = el('td', '');
  list.colSpan = 4;
  if (total === 0) list.append(el('span', 'dim', 'No messages.'));
  if (total > q.messages.length) list.append(el('span', 'dim', 'The oldest ' + q.messages.length + ' of ' + total + '.'));
  for (const m of q.messages) list.append(message(m));
  return [head, row(list)];
}

function topicRows(t) {
  if (t.subscriptions.length === 0) return [row(cell(t.name), cell('No subscriptions.', 'dim'), cell(''))];
  return t.subscriptions.map((s, index) => {
    const to = el('td', '', s.endpoint.slice(s.endpoint.lastIndexOf(':') + 1));
    if (s.raw) to.append(el('span', 'tag', 'raw'));
    const filter = s.filter === undefined ? cell('everything', 'dim') : el('td', '', el('code', '', s.filter));
    if (s.filter !== undefined) filter.append(el('span', 'tag', s.scope));
    return row(cell(index === 0 ? t.name : ''), to, filter);
  });
}

function callRow(c) {
  const status = cell(c.status === 0 ? 'cut' : c.status, c.status >= 400 || c.status === 0 ? 'n failed' : 'n');
  return row(cell(time(c.at)), cell(c.operation), cell(c.resource), status, cell(c.ms.toFixed(1), 'n'));
}

function fill(id, rows, nothing) {
  const body = $(id);
  body.replaceChildren(...rows);
  if (rows.length === 0) body.append(row(cell(nothing, 'dim')));
}

function show(state) {
  $('where').textContent = 'region ' + state.region + ', account ' + state.account;
  const byName = (a, b) => (a.name < b.name ? -1 : 1);
  fill('queues', state.queues.sort(byName).flatMap(queueRows), 'No queues yet.');
  fill('topics', state.topics.sort(byName).flatMap(topicRows), 'No topics yet.');
  fill('calls', state.calls.map(callRow), 'No calls yet.');
}

let looking;
function look() {
  looking ??= (async () => {
    try {
      const state = await (await fetch('/_local/state')).json();
      const { now, ...rest } = state;
      const text = JSON.stringify(rest);
      if (text !== shown) show(state);
      shown = text;
      $('live').className = '';
      $('live').textContent = 'live';
    } catch {
      $('live').className = 'away';
      $('live').textContent = 'the broker does not answer';
    }
    looking = undefined;
  })();
  return looking;
}
setInterval(() => {
  if (!document.hidden) void look();
}, 1000);
document.addEventListener('visibilitychange', () => void look());
void look();
`;

/** The page of a broker, for people. */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>local-sns-sqs</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>SNS and SQS, local</h1><span id="where" class="dim"></span><span id="live" class="away">connecting</span></header>
<p class="dim">Choose a queue to see its messages. Looking receives nothing and changes nothing.</p>
<h2>Queues</h2>
<table><thead><tr><th>Name</th><th class="n">Visible</th><th class="n">In flight</th><th class="n">Delayed</th></tr></thead><tbody id="queues"></tbody></table>
<h2>Topics</h2>
<table><thead><tr><th>Topic</th><th>Subscribed queue</th><th>Filter</th></tr></thead><tbody id="topics"></tbody></table>
<h2>Recent calls</h2>
<table><thead><tr><th>Time</th><th>Call</th><th>Queue or topic</th><th class="n">Status</th><th class="n">ms</th></tr></thead><tbody id="calls"></tbody></table>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
