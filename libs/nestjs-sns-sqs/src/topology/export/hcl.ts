/** An expression of Terraform's language, written as it is. */
export class Hcl {
  constructor(readonly text: string) {}
}

export type HclValue = string | number | boolean | Hcl | readonly HclValue[] | { readonly [key: string]: HclValue };

/** A nested block, such as `lifecycle`. */
export interface HclBlock {
  type: string;
  labels?: readonly string[];
  attributes: Readonly<Record<string, HclValue | undefined>>;
  blocks?: readonly HclBlock[];
}

const INDENT = '  ';

/** In quotes; nothing of it is a template. */
export const hclString = (text: string): string =>
  `"${text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    // As a function: `$$` means `$` in a replacement.
    .replaceAll('${', () => '$${')
    .replaceAll('%{', '%%{')}"`;

const isName = (key: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(key);

function valueText(value: HclValue, indent: string): string {
  if (value instanceof Hcl) return value.text;
  if (typeof value === 'string') return hclString(value);
  if (typeof value !== 'object') return String(value);
  const inner = indent + INDENT;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    const items = (value as readonly HclValue[]).map(item => valueText(item, inner));
    const short = `[${items.join(', ')}]`;
    return items.length === 1 || (short.length < 80 && !short.includes('\n'))
      ? short
      : `[\n${items.map(item => `${inner}${item},`).join('\n')}\n${indent}]`;
  }
  const entries = Object.entries(value as Record<string, HclValue>);
  if (entries.length === 0) return '{}';
  const lines = entries.map(([key, item]) => [isName(key) ? key : hclString(key), valueText(item, inner)] as const);
  return `{\n${aligned(lines, inner)}\n${indent}}`;
}

/** As `terraform fmt` aligns: runs of lines whose values are on one line. */
function aligned(lines: ReadonlyArray<readonly [string, string]>, indent: string): string {
  const texts: string[] = [];
  let run: Array<readonly [string, string]> = [];
  const flush = (): void => {
    const width = Math.max(0, ...run.map(([key]) => key.length));
    texts.push(...run.map(([key, value]) => `${indent}${key.padEnd(width)} = ${value}`));
    run = [];
  };
  for (const line of lines) {
    if (line[1].includes('\n')) {
      flush();
      texts.push(`${indent}${line[0]} = ${line[1]}`);
    } else run.push(line);
  }
  flush();
  return texts.join('\n');
}

/** A value in an attribute of a block that is in no other. */
export const hclValue = (value: HclValue): string => valueText(value, INDENT);

/** One block, with what is in it. Attributes that are undefined are left out. */
export function hclBlock({ type, labels = [], attributes, blocks = [] }: HclBlock, indent = ''): string {
  const inner = indent + INDENT;
  const given = Object.entries(attributes).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, valueText(value, inner)] as const],
  );
  const head = [type, ...labels.map(hclString)].join(' ');
  const body = [
    ...(given.length > 0 ? [aligned(given, inner)] : []),
    ...blocks.map(block => hclBlock(block, inner)),
  ].join('\n\n');
  return `${indent}${head} {\n${body}\n${indent}}`;
}

export const hclDocument = (blocks: readonly HclBlock[]): string =>
  `${blocks.map(block => hclBlock(block)).join('\n\n')}\n`;
