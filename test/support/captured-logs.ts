import type { LoggerService } from '@nestjs/common';

export type Level = 'log' | 'warn' | 'error' | 'debug' | 'verbose' | 'fatal';

interface Line {
  level: Level;
  text: string;
}

/** Nest's logger for the time of a test: keeps the lines, prints nothing. */
export class CapturedLogs implements LoggerService {
  private lines: Line[] = [];

  log = (message: unknown): void => this.add('log', message);
  warn = (message: unknown): void => this.add('warn', message);
  error = (message: unknown): void => this.add('error', message);
  debug = (message: unknown): void => this.add('debug', message);
  verbose = (message: unknown): void => this.add('verbose', message);
  fatal = (message: unknown): void => this.add('fatal', message);

  /** The lines that contain `part`, of one level or of any. */
  with(part: string | RegExp, level?: Level): string[] {
    return this.lines
      .filter(line => level === undefined || line.level === level)
      .filter(({ text }) => (typeof part === 'string' ? text.includes(part) : part.test(text)))
      .map(({ text }) => text);
  }

  clear(): void {
    this.lines = [];
  }

  private add(level: Level, message: unknown): void {
    this.lines.push({ level, text: message instanceof Error ? (message.stack ?? message.message) : String(message) });
  }
}
