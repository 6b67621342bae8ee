import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { hostileValues } from '../../test/hostile-values.js';
import { OneLineLogger } from '../logging/one-line-logger.js';
import { announce } from './diagnostics.js';
import { callUserCode, inTime, silenced, tellListeners } from './user-code.js';

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

  it.each(['log', 'warn', 'error'] as const)(
    "and where the app's logger is asynchronous and %s rejects",
    async level => {
      const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
      const rejects = jest.fn((): unknown => Promise.reject(new Error('disk full')));
      Logger.overrideLogger({ log: rejects, warn: rejects, error: rejects });
      try {
        new OneLineLogger('x')[level]('a queue\nis away');
        await Promise.resolve();
        await Promise.resolve();
        expect(rejects).toHaveBeenCalledTimes(1);
        expect(stderr.mock.calls).toEqual([["a queue is away (the app's logger threw: disk full)\n"]]);
      } finally {
        Logger.overrideLogger(['log', 'warn', 'error']);
        stderr.mockRestore();
      }
    },
  );
});

describe('a subscriber of a diagnostics channel', () => {
  it('that is asynchronous and rejects is told of in a warning of the process', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const rejects = (): unknown => Promise.reject(new Error('no telemetry'));
    subscribe('nestjs-sns-sqs:received', rejects);
    try {
      announce('received', { queue: 'q', count: 1 });
      announce('received', { queue: 'q', count: 1 });
      await Promise.resolve();
      await Promise.resolve();
      expect(warned.mock.calls).toEqual([[expect.stringContaining('no telemetry'), expect.anything()]]);
    } finally {
      unsubscribe('nestjs-sns-sqs:received', rejects);
      warned.mockRestore();
    }
  });
});

describe('inTime', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('gives what is there at once, what comes in time, and what a promise rejects with', async () => {
    const late = () => new Error('late');
    await expect(inTime(7, 10, late)).resolves.toBe(7);
    await expect(inTime(Promise.resolve(8), 10, late)).resolves.toBe(8);
    await expect(inTime(Promise.reject(new Error('no')), 10, late)).rejects.toThrow('no');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('rejects where that does not end', async () => {
    const ended = Promise.allSettled([inTime(new Promise(() => undefined), 10, () => new Error('late'))]);
    await jest.advanceTimersByTimeAsync(10);
    expect(await ended).toMatchObject([{ reason: { message: 'late' } }]);
  });
});
