import { printable } from '../logging/printable.js';
import type { CliIo } from './io.js';

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Style = keyof typeof STYLES;

const GAP = '  ';

/** Where colours are wanted: NO_COLOR and FORCE_COLOR decide, then whether a terminal reads it (no-color.org). */
function wantsColours({ env, isTerminal }: Pick<CliIo, 'env' | 'isTerminal'>): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0') return true;
  return isTerminal && env['TERM'] !== 'dumb';
}

/** Columns of equal width. Texts of others cannot break a line or send a control sequence to the terminal. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const all = [head.map(each => each.toUpperCase()), ...rows.map(row => row.map(printable))];
  const widths = head.map((_, at) => Math.max(...all.map(row => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join(GAP)
      .trimEnd();
  return `${all.map(line).join('\n')}\n`;
}

/** Writes a command's result: as text for people, or as one JSON document for machines. */
export class Output {
  private readonly isColoured: boolean;

  constructor(
    private readonly io: CliIo,
    /** `--json` was given. */
    readonly isJson: boolean,
  ) {
    this.isColoured = !isJson && wantsColours(io);
  }

  /** The result, once. `text` is called for people only. */
  result(data: unknown, text: () => string): void {
    this.io.stdout(this.isJson ? `${JSON.stringify(data, null, 2)}\n` : endOfLine(text()));
  }

  /** A document that is the same for people and for machines. */
  document(text: string): void {
    this.io.stdout(endOfLine(text));
  }

  /** For people, beside the result. */
  note(text: string): void {
    this.io.stderr(endOfLine(text));
  }

  paint(style: Style, text: string): string {
    return this.isColoured ? `\u001B[${STYLES[style]}m${text}\u001B[0m` : text;
  }
}

const endOfLine = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
