import type { Input } from '../core/input.js';

export interface Tree {
  [key: string]: Tree | string;
}

/** A key may come from anyone: no prototype to reach. */
const emptyTree = (): Tree => Object.create(null) as Tree;

function insert(root: Tree, path: string, value: string): void {
  const parts = path.split('.');
  const last = parts.pop() ?? path;
  let node = root;
  for (const part of parts) {
    const child = node[part];
    if (typeof child === 'object') node = child;
    else node = node[part] = emptyTree();
  }
  node[last] = value;
}

const INDEX = /^\d+$/;

/** The items of a list in their order. One without an index (`AttributeName=All`) is the only one. */
export function numbered(node: Tree | string): Array<Tree | string> {
  if (typeof node === 'string') return node === '' ? [] : [node];
  const keys = Object.keys(node);
  if (!keys.every(key => INDEX.test(key))) return [node];
  return keys.sort((a, b) => Number(a) - Number(b)).map(key => node[key] ?? '');
}

export function toValue(node: Tree | string): unknown {
  if (typeof node === 'string') return node;
  const { member, entry } = node;
  if (member !== undefined) return numbered(member).map(toValue);
  if (typeof entry === 'object') return Object.fromEntries(numbered(entry).map(toEntry));
  return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, toValue(child)]));
}

/** Maps are written with `key` and `value`, message attributes with `Name` and `Value`; some clients mix the two. */
function toEntry(node: Tree | string): [string, unknown] {
  if (typeof node === 'string') return ['', node];
  const name = node['key'] ?? node['Name'] ?? node['name'] ?? node['Key'];
  const value = node['value'] ?? node['Value'];
  return [typeof name === 'string' ? name : '', value === undefined ? '' : toValue(value)];
}

/** SDKs write an empty list or map as an empty text. */
const COLLECTIONS: ReadonlySet<string> = new Set([
  'ActionName',
  'Attributes',
  'AWSAccountId',
  'MessageAttributes',
  'PublishBatchRequestEntries',
  'TagKeys',
  'Tags',
]);

/** Reads AWS's Query protocol: `PublishBatchRequestEntries.member.1.Id=a&Attributes.entry.1.key=…`. */
export function readQuery(body: string): { action: string; input: Input } {
  const { Action, ...rest } = parseQuery(body);
  const given = Object.entries(rest).filter(([key, node]) => node !== '' || !COLLECTIONS.has(key));
  const input = Object.fromEntries(given.map(([key, node]) => [key, toValue(node)]));
  return { action: typeof Action === 'string' ? Action : '', input };
}

/** The parameters by the parts of their names, `Version` left out. */
export function parseQuery(body: string): Tree {
  const root = emptyTree();
  for (const [path, value] of new URLSearchParams(body)) if (path !== 'Version') insert(root, path, value);
  return root;
}
