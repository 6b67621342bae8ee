import type { AsyncApi, Channel, JsonSchema, Operation, Reference } from './async-api.js';
import { cataloguePicture, type Link } from './catalogue-picture.js';
import { escapeHtml } from './escape-html.js';
import { typeOf } from './schema-to-type.js';

/** One message, over all documents. */
interface Entry {
  name: string;
  kind: 'event' | 'command or request';
  type: string;
  senders: Set<string>;
  takers: Set<string>;
}

const last = ({ $ref }: Reference): string =>
  ($ref.split('/').at(-1) ?? '').replaceAll('~1', '/').replaceAll('~0', '~');

function schemaText(document: AsyncApi, key: string): string {
  const schema: JsonSchema = document.components.schemas[key] ?? {};
  const { description } = schema;
  const type = typeOf({ schema, root: document as unknown as JsonSchema });
  return type === 'unknown' && typeof description === 'string' ? description : type;
}

function channelOf(document: AsyncApi, operation: Operation): Channel | undefined {
  return document.channels[last(operation.channel)];
}

/** Who an operation's other side is: a service's use case, or the service. */
function takerOf(channel: Channel | undefined): string {
  const { service = '', kind } = channel?.['x-nestjs-sns-sqs'] ?? {};
  return kind === 'use-case' ? `${service}: ${channel?.title ?? ''}` : service;
}

function entriesOf(documents: readonly AsyncApi[]): Entry[] {
  const entries = new Map<string, Entry>();
  for (const document of documents) {
    for (const operation of Object.values(document.operations)) {
      const channel = channelOf(document, operation);
      const kind = channel?.['x-nestjs-sns-sqs']?.kind;
      for (const key of operation.messages.map(last)) {
        const entry = entries.get(key) ?? {
          name: key,
          kind: kind === 'commands' ? ('command or request' as const) : ('event' as const),
          type: schemaText(document, key),
          senders: new Set<string>(),
          takers: new Set<string>(),
        };
        // Who publishes knows most of the payload.
        if (operation.action === 'send') entry.type = schemaText(document, key);
        if (operation.action === 'send') entry.senders.add(document.info.title);
        else entry.takers.add(takerOf(channel));
        entries.set(key, entry);
      }
    }
  }
  return [...entries.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function linksOf(documents: readonly AsyncApi[]): Link[] {
  const links = new Map<string, Link>();
  const add = (link: Link): void => void links.set(JSON.stringify(link), link);
  for (const document of documents) {
    for (const operation of Object.values(document.operations)) {
      const channel = channelOf(document, operation);
      const name = channel?.address;
      const facts = channel?.['x-nestjs-sns-sqs'];
      if (!name || !facts) continue;
      if (operation.action === 'send')
        add({ from: document.info.title, to: name, toKind: facts.kind === 'topic' ? 'topic' : 'queue' });
      else add({ from: name, to: facts.service, toKind: 'service' });
      for (const { topic } of facts.subscriptions ?? []) add({ from: topic, to: name, toKind: 'queue' });
    }
  }
  return [...links.values()];
}

const list = (names: ReadonlySet<string>, none: string): string =>
  names.size === 0 ? `<em>${none}</em>` : [...names].toSorted().map(escapeHtml).join('<br>');

const row = ({ name, type, senders, takers }: Entry): string => `<tr id="${escapeHtml(name)}">
<td><code>${escapeHtml(name)}</code></td>
<td>${list(senders, 'nobody that is known')}</td>
<td>${list(takers, 'nobody that is known')}</td>
<td><pre>${escapeHtml(type)}</pre></td>
</tr>`;

const section = (title: string, entries: readonly Entry[]): string =>
  entries.length === 0
    ? ''
    : `<h2>${title}</h2>
<table>
<thead><tr><th>Name</th><th>Sent by</th><th>Taken by</th><th>Payload</th></tr></thead>
<tbody>
${entries.map(row).join('\n')}
</tbody>
</table>`;

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1b1b1f;background:#fff}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #d5d5dd;padding:.4rem .6rem;text-align:left;vertical-align:top}
pre{margin:0;font-size:.85rem;white-space:pre-wrap}svg{max-width:100%;height:auto}svg text{font:13px system-ui,sans-serif;fill:currentColor}
@media(prefers-color-scheme:dark){body{color:#e8e8ee;background:#1b1b1f}th,td{border-color:#45454f}}`;

/** One page without scripts: the events, commands and requests of one or several apps, who sends and who takes them. Pure. */
export function cataloguePage(documents: readonly AsyncApi[], title: string): string {
  const entries = entriesOf(documents);
  const of = (kind: Entry['kind']): Entry[] => entries.filter(each => each.kind === kind);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p>${documents.map(({ info }) => `${escapeHtml(info.title)} ${escapeHtml(info.version)}`).join(', ')}</p>
${section('Events', of('event'))}
${section('Commands and requests', of('command or request'))}
<h2>Topics and queues</h2>
${cataloguePicture(linksOf(documents))}
</body>
</html>
`;
}
