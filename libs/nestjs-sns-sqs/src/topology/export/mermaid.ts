import type { TopologyDocument } from '../topology-document.js';

/** In a label, what mermaid would read as its own. */
const label = (text: string): string =>
  `"${text.replaceAll('"', '#quot;').replaceAll('<', '#lt;').replaceAll('>', '#gt;')}"`;

/** A picture of who publishes, which topics and queues carry it, and who handles it. Dead letter queues are left out. */
export function mermaidOf({ services, publishers, senders }: TopologyDocument): string {
  const ids = new Map<string, string>();
  const lines: string[] = [];
  const node = (kind: string, name: string, shape: (text: string) => string): string => {
    const key = `${kind} ${name}`;
    const known = ids.get(key);
    if (known !== undefined) return known;
    const id = `${kind}${ids.size + 1}`;
    ids.set(key, id);
    lines.push(`  ${id}${shape(label(name))}`);
    return id;
  };
  const service = (name: string): string => node('service', name, text => `[${text}]`);
  const topic = (name: string): string => node('topic', name, text => `{{${text}}}`);
  const queue = (name: string): string => node('queue', name, text => `[(${text})]`);
  const edge = (from: string, to: string, types: readonly string[] = []): void => {
    lines.push(types.length > 0 ? `  ${from} -->|${label(types.join(', '))}| ${to}` : `  ${from} --> ${to}`);
  };
  for (const each of publishers) edge(service(each.service), topic(each.topicArn ?? each.topic));
  // Of several servers of one app, which one sends is not known.
  const [sender] = services.map(each => each.service);
  for (const each of senders) edge(service(sender ?? 'this app'), queue(each.queue));
  for (const { service: name, queues } of services) {
    for (const each of queues) {
      for (const { topic: from, types } of each.subscriptions) edge(topic(from), queue(each.name), types);
      const commands = each.handlers.filter(({ kind }) => kind !== 'event').map(({ pattern }) => pattern);
      edge(queue(each.name), service(name), commands);
    }
  }
  return `flowchart LR\n${lines.join('\n')}\n`;
}
