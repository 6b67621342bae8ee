import { Logger, type LoggerService } from '@nestjs/common';
import { thrownText } from '../errors/thrown.js';
import { isThenable } from '../events/user-code.js';
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
      toStderr(thrownText(line), error);
    }
  }
}

const toStderr = (line: string, error: unknown): void =>
  void process.stderr.write(`${printable(`${line} (the app's logger threw: ${thrownText(error)})`)}\n`);

/** The app's logger, as Nest's `Logger` finds it; it does not hand on what that gives. */
const APPS_LOGGER = 'localInstance';
const LEVELS = ['log', 'warn', 'error', 'debug', 'verbose', 'fatal'];
type Written = (...args: unknown[]) => unknown;

/** An app's logger that is asynchronous, and rejects, would end the process as an unhandled rejection. */
const settled = (level: string, logger: LoggerService): Written =>
  function (...args) {
    const given = (logger as unknown as Record<string, Written>)[level]?.(...args);
    if (isThenable(given)) void Promise.resolve(given).catch((error: unknown) => toStderr(thrownText(args[0]), error));
  };

if (APPS_LOGGER in Logger.prototype) {
  Object.defineProperty(OneLineLogger.prototype, APPS_LOGGER, {
    configurable: true,
    get(this: OneLineLogger) {
      const logger = Reflect.get(Logger.prototype, APPS_LOGGER, this) as LoggerService | undefined;
      return logger && Object.fromEntries(LEVELS.map(level => [level, settled(level, logger)]));
    },
  });
}
