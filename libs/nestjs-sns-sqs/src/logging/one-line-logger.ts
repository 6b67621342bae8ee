import { Logger } from '@nestjs/common';
import { thrownText } from '../errors/thrown.js';
import { LogLine } from './log-line.js';
import { printable } from './printable.js';

const onOneLine = (message: unknown): unknown => (typeof message === 'string' ? printable(message) : message);

/**
 * Nest's logger; what it is given may quote messages and answers, and stays one line of the log all the same. Never
 * throws: where the app's own logger does, the line goes to stderr. A {@link LogLine} reaches the logger as it is.
 */
export class OneLineLogger extends Logger {
  override log(message: unknown, ...rest: unknown[]): void {
    this.write(message, line => super.log(line, ...rest));
  }

  override warn(message: unknown, ...rest: unknown[]): void {
    this.write(message, line => super.warn(line, ...rest));
  }

  override error(message: unknown, ...rest: unknown[]): void {
    this.write(message, line => super.error(line, ...rest));
  }

  private write(message: unknown, to: (line: unknown) => void): void {
    const line = onOneLine(message);
    try {
      to(line);
    } catch (error) {
      // A logger of the app's that takes texts only.
      if (line instanceof LogLine) return this.write(line.msg, to);
      process.stderr.write(`${printable(`${thrownText(line)} (the app's logger threw: ${thrownText(error)})`)}\n`);
    }
  }
}
