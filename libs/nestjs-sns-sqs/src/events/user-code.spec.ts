import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { hostileValues } from '../../test/hostile-values.js';
import { OneLineLogger } from '../logging/one-line-logger.js';
import { callUserCode, silenced, tellListeners } from './user-code.js';

const logged = () => ({ error: jest.fn<(text: string) => void>() });

describe('callUserCode', () => {
  it.each(hostileValues())('neither throws nor leaves a rejection without an end: %s', async (_, thrown) => {
    const logger = logged();
    callUserCode(
      'A listener',
      () => {
        throw thrown;
      },
      logger,
    );
    callUserCode('A listener', () => Promise.reject(thrown), logger);
    await Promise.resolve();
    expect(logger.error.mock.calls.map(([text]) => text.slice(0, 17))).toEqual([
      'A listener threw:',
      'A listener threw:',
    ]);
  });

  it('nor does a logger that throws', () => {
    const logger = {
      error: () => {
        throw new Error('away');
      },
    };
    expect(() => callUserCode('A listener', () => Promise.reject(new Error('no')), logger)).not.toThrow();
  });

  it('tells every listener, whatever those before it threw', () => {
    const last = jest.fn();
    const first = (): never => {
      throw new Error('no');
    };
    tellListeners('A listener', [first, last], 'fact', logged());
    expect(last).toHaveBeenCalledWith('fact');
  });

  it('gives what a function gave, and silences a promise', () => {
    expect(silenced(7)).toBe(7);
    const rejected = Promise.reject(new Error('nobody waits'));
    expect(silenced(rejected)).toBe(rejected);
  });
});

describe('OneLineLogger', () => {
  it.each(['log', 'warn', 'error'] as const)("writes what %s says to stderr where the app's logger throws", level => {
    const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    Logger.overrideLogger({
      log: () => {
        throw new Error('disk full');
      },
      warn: () => {
        throw new Error('disk full');
      },
      error: () => {
        throw Object.create(null);
      },
    });
    try {
      new OneLineLogger('x')[level]('a queue\nis away');
      expect(stderr.mock.calls).toEqual([
        [expect.stringMatching(/^a queue is away \(the app's logger threw: .+\)\n$/)],
      ]);
    } finally {
      Logger.overrideLogger(['log', 'warn', 'error']);
      stderr.mockRestore();
    }
  });
});
