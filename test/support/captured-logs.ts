import type { LoggerService } from '@nestjs/common';

export type Level = 'log' | 'warn' | 'error' | 'debug' | 'verbose' | 'fatal';

interface Line {
  level: Level;
  text: string;
  /** A stack, a context. */
  more: string[];
}

const textOf = (value: unknown): string =>
  value instanceof Error
    ? (value.stack ?? value.message)
    : typeof value === 'string'
      ? value
      : (JSON.stringify(value) ?? 'undefined');

/** A line of the library's with fields is its text, and all that a structured logger would have of it. */
const isLine = (value: unknown): value is { msg: string } =>
  typeof value === 'object' && value !== null && typeof (value as { msg?: unknown }).msg === 'string';

/** Nest's logger for the time of a test: keeps the lines, prints nothing. */
export class CapturedLogs implements LoggerService {
  private lines: Line[] = [];

  log = (message: unknown, ...more: unknown[]): void => this.add('log', message, more);
  warn = (message: unknown, ...more: unknown[]): void => this.add('warn', message, more);
  error = (message: unknown, ...more: unknown[]): void => this.add('error', message, more);
  debug = (message: unknown, ...more: unknown[]): void => this.add('debug', message, more);
  verbose = (message: unknown, ...more: unknown[]): void => this.add('verbose', message, more);
  fatal = (message: unknown, ...more: unknown[]): void => this.add('fatal', message, more);

  /** The lines that contain `part`, of one level or of any. */
  with(part: string | RegExp, level?: Level): string[] {
    return this.lines
      .filter(line => level === undefined || line.level === level)
      .filter(({ text }) => (typeof part === 'string' ? text.includes(part) : part.test(text)))
      .map(({ text }) => text);
  }

  /** All that a log would show. */
  all(): string[] {
    return this.lines.flatMap(({ text, more }) => [text, ...more]);
  }

  clear(): void {
    this.lines = [];
  }

  private add(level: Level, message: unknown, more: unknown[]): void {
    const others = more.filter(each => each !== undefined).map(textOf);
    if (isLine(message)) this.lines.push({ level, text: message.msg, more: [textOf(message), ...others] });
    else this.lines.push({ level, text: textOf(message), more: others });
  }
}
