import { inspect } from 'node:util';
import { Writable } from 'node:stream';
import { jest } from '@jest/globals';
import { ConsoleLogger, Logger, type LoggerService } from '@nestjs/common';
import { Logger as PinoNestLogger, PinoLogger } from 'nestjs-pino';
import pino from 'pino';
import { hostileValues } from '../../test/hostile-values.js';
import { LogLine, textWithCauses } from './log-line.js';
import { OneLineLogger } from './one-line-logger.js';

const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:25'), { code: 'ECONNREFUSED' });
const error = new TypeError('fetch failed', { cause });
const FIELDS = {
  queue: 'send-email-on-user-registered',
  type: 'user.registered',
  eventId: 'e-1',
  messageId: 'm-1',
  attempt: 1,
  maxReceiveCount: 5,
  nextAttemptInSeconds: 2,
  outcome: 'retry',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  correlationId: 'c-1',
};
const line = () => new LogLine('attempt 1 of 5\nfailed', FIELDS, error);

/** What a logger of the app's writes of a line of ours. */
function written(logger: LoggerService, log: (ours: OneLineLogger) => void): void {
  Logger.overrideLogger(logger);
  try {
    log(new OneLineLogger('ServerSQS'));
  } finally {
    Logger.overrideLogger(['log', 'warn', 'error']);
  }
}

describe('a line of the log', () => {
  it('keeps its fields in nestjs-pino, the error with its cause', () => {
    const lines: string[] = [];
    const stream = new Writable({
      write: (chunk, _, done) => {
        lines.push(String(chunk));
        done();
      },
    });
    const pinoHttp = { logger: pino({}, stream) };
    const logger = new PinoNestLogger(new PinoLogger({ pinoHttp }), {});
    written(logger, ours => ours.warn(line()));
    expect(lines.map(each => JSON.parse(each) as unknown)).toMatchObject([
      {
        ...FIELDS,
        level: 40,
        msg: 'attempt 1 of 5 failed',
        context: 'ServerSQS',
        err: { type: 'TypeError', message: expect.stringContaining('fetch failed') as string },
      },
    ]);
  });

  it("keeps its fields in Nest's JSON logger", () => {
    const stdout = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      written(new ConsoleLogger({ json: true, colors: false }), ours => ours.warn(line()));
      const [text] = stdout.mock.calls.map(([chunk]) => String(chunk));
      expect(JSON.parse(text ?? '')).toMatchObject({
        level: 'warn',
        context: 'ServerSQS',
        message: {
          ...FIELDS,
          msg: 'attempt 1 of 5 failed',
          err: { type: 'TypeError', message: 'fetch failed', cause: { code: 'ECONNREFUSED' } },
        },
      });
    } finally {
      stdout.mockRestore();
    }
  });

  it("is a text with a stack in Nest's console, and in whatever shows objects", () => {
    const stdout = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      written(new ConsoleLogger({ colors: false }), ours => ours.warn(line()));
      const [text] = stdout.mock.calls.map(([chunk]) => String(chunk));
      expect(text).toMatch(/WARN \[ServerSQS\] attempt 1 of 5 failed\nTypeError: fetch failed\n {4}at /);
      expect(text).not.toContain('Object(');
    } finally {
      stdout.mockRestore();
    }
    expect(inspect(new LogLine('a text', FIELDS))).toBe('a text');
    expect(String(line())).toBe('attempt 1 of 5 failed');
    expect(line().message).toBe('attempt 1 of 5 failed');
  });

  it('reaches a logger that takes texts only', () => {
    const texts: string[] = [];
    const warn = (text: string): void => void texts.push(text.toUpperCase());
    written({ log: warn, warn, error: warn }, ours => ours.warn(line()));
    expect(texts).toEqual(['ATTEMPT 1 OF 5 FAILED']);
  });

  it.each(hostileValues())('is made of whatever is thrown: %s', (_, thrown) => {
    const made = new LogLine('failed', {}, thrown);
    expect(() => JSON.stringify(made)).not.toThrow();
    expect(() => inspect(made)).not.toThrow();
    expect(typeof textWithCauses(thrown)).toBe('string');
  });
});

describe('textWithCauses', () => {
  it('tells the whole chain, each cause once', () => {
    expect(textWithCauses(error)).toBe('fetch failed; caused by: connect ECONNREFUSED 127.0.0.1:25');
    const wrapper = new Error('mail: connect ECONNREFUSED 127.0.0.1:25', { cause });
    expect(textWithCauses(wrapper)).toBe('mail: connect ECONNREFUSED 127.0.0.1:25');
    expect(textWithCauses(new Error('alone'))).toBe('alone');
  });

  it('ends where causes go in a circle', () => {
    const [a, b] = [new Error('a'), new Error('b')];
    a.cause = b;
    b.cause = a;
    expect(textWithCauses(a)).toBe('a; caused by: b');
  });
});
