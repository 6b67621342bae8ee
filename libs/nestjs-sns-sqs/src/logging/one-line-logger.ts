import { Logger } from '@nestjs/common';
import { printable } from './printable.js';

const onOneLine = (message: unknown): unknown => (typeof message === 'string' ? printable(message) : message);

/** Nest's logger; what it is given may quote messages and answers, and stays one line of the log all the same. */
export class OneLineLogger extends Logger {
  override log(message: unknown, ...rest: unknown[]): void {
    super.log(onOneLine(message), ...rest);
  }

  override warn(message: unknown, ...rest: unknown[]): void {
    super.warn(onOneLine(message), ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    super.error(onOneLine(message), ...rest);
  }
}
