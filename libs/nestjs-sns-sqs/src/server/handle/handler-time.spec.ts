import { jest } from '@jest/globals';
import { Delivery } from '../delivery.js';
import { HandlerTime } from './handler-time.js';

const MINUTE = 60_000;

function timed(handlerTimeoutMs = 1_000) {
  const logger = { warn: jest.fn<(text: string) => void>(), error: jest.fn<(text: string) => void>() };
  const time = new HandlerTime({ queueName: 'q', handlerTimeoutMs, logger });
  const delivery = new Delivery({ MessageId: 'm' }, 0, 0);
  let end: () => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const onTimeUp = jest.fn();
  const settled = jest.fn<(outcome: unknown) => void>();
  const start = (): void =>
    void time
      .run(
        delivery,
        (ended, failed) => {
          end = ended;
          fail = failed;
        },
        onTimeUp,
      )
      .then(() => settled('resolved'), settled);
  return { time, delivery, logger, onTimeUp, settled, start, end: () => end(), fail: (error: Error) => fail(error) };
}

describe('HandlerTime', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('ends as the work ends, in time', async () => {
    const one = timed();
    one.start();
    await jest.advanceTimersByTimeAsync(900);
    one.end();
    await jest.advanceTimersByTimeAsync(0);
    expect(one.settled).toHaveBeenCalledWith('resolved');
    expect(one.delivery.abortReason).toBeUndefined();
  });

  it('waits for work that goes on after its time, and fails it then whatever it gives', async () => {
    const one = timed();
    one.start();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(one.delivery.abortReason).toMatchObject({ code: 'HANDLER_TIMEOUT' });
    expect(one.onTimeUp).toHaveBeenCalledTimes(1);
    expect(one.time.overdue).toBe(1);
    await jest.advanceTimersByTimeAsync(10 * MINUTE);
    expect(one.settled).not.toHaveBeenCalled();
    one.end();
    await jest.advanceTimersByTimeAsync(0);
    expect(one.settled).toHaveBeenCalledWith(expect.objectContaining({ code: 'HANDLER_TIMEOUT' }));
    expect(one.time.overdue).toBe(0);
  });

  it('tells once that work goes on, and once that it has ended', async () => {
    const one = timed();
    one.start();
    await jest.advanceTimersByTimeAsync(1_001);
    expect(one.logger.warn.mock.calls).toEqual([
      [
        expect.stringMatching(
          /handler of message m has not ended after handlerTimeoutMs \(1000 ms\).*for 900 s at most/,
        ),
      ],
    ]);
    await jest.advanceTimersByTimeAsync(MINUTE);
    one.fail(new Error('its own'));
    await jest.advanceTimersByTimeAsync(0);
    expect(one.logger.warn).toHaveBeenCalledTimes(2);
    expect(one.logger.warn).toHaveBeenLastCalledWith(expect.stringMatching(/has ended 60001 ms after its signal/));
  });

  it('says nothing of work that heeds its signal', async () => {
    const one = timed();
    one.start();
    one.delivery.signal.addEventListener('abort', () => one.fail(new Error('stopped')));
    await jest.advanceTimersByTimeAsync(2_000);
    expect(one.settled).toHaveBeenCalledWith(expect.objectContaining({ code: 'HANDLER_TIMEOUT' }));
    expect(one.logger.warn).not.toHaveBeenCalled();
  });

  it.each([
    [1_000, 15 * MINUTE],
    [40 * MINUTE, 40 * MINUTE],
  ])('gives work of %d ms up after %d ms more, with an error in the log', async (handlerTimeoutMs, overtimeMs) => {
    const one = timed(handlerTimeoutMs);
    one.start();
    await jest.advanceTimersByTimeAsync(handlerTimeoutMs + overtimeMs - 1);
    expect(one.settled).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);
    expect(one.settled).toHaveBeenCalledWith(expect.objectContaining({ code: 'HANDLER_TIMEOUT' }));
    expect(one.logger.error).toHaveBeenCalledWith(expect.stringContaining('gives the handler up'));
    expect(one.time.overdue).toBe(0);
    one.end();
    expect(one.logger.warn).toHaveBeenLastCalledWith(expect.stringContaining('It had been given up.'));
  });

  it('leaves no timer when it is stopped', async () => {
    const one = timed();
    one.start();
    await jest.advanceTimersByTimeAsync(1_500);
    one.start();
    one.time.stop();
    expect(jest.getTimerCount()).toBe(0);
  });
});
