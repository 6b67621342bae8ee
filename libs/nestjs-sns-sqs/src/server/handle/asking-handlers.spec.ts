import { jest } from '@jest/globals';
import { mayAsk, waitsForAnswer } from '../../async/own-requests.js';
import { RequestSlots } from '../receive/request-slots.js';
import { AskingHandlers, WaitCount } from './asking-handlers.js';

const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);

describe('AskingHandlers', () => {
  let withdraw = (): void => undefined;
  beforeEach(() => {
    jest.useFakeTimers();
    withdraw = mayAsk();
  });
  afterEach(() => {
    withdraw();
    jest.useRealTimers();
  });

  function handlersOf(limit = 2) {
    const warn = jest.fn<(text: string) => void>();
    const count = new WaitCount('q', limit, { warn });
    const slots = new RequestSlots(() => undefined);
    const requestSlotsOf = (queue: string) => (queue === 'own' ? slots : undefined);
    return { asking: new AskingHandlers({ counts: [count], requestSlotsOf }), warn, count, slots };
  }

  it('lends a slot of the queue that is asked, for each request until its answer', () => {
    const { asking, slots, count } = handlersOf();
    const answered = asking.begin()?.run(() => [waitsForAnswer('own'), waitsForAnswer('own'), waitsForAnswer('other')]);
    expect([slots.free, count.waiting]).toEqual([2, 1]);
    for (const end of answered ?? []) {
      end();
      end();
    }
    expect([slots.free, count.waiting]).toEqual([0, 0]);
  });

  it('lends to the end of the handler at most', async () => {
    const { asking, slots, count } = handlersOf();
    const handler = asking.begin();
    handler?.run(() => {
      waitsForAnswer('own');
      setTimeout(() => waitsForAnswer('own'), 10);
    });
    handler?.end();
    expect([slots.free, count.waiting]).toEqual([0, 0]);
    await pass(20);
    expect([slots.free, count.waiting]).toEqual([0, 0]);
  });

  it('knows nothing of what is asked outside of a handler, or where no client can ask', () => {
    const { asking, slots } = handlersOf();
    waitsForAnswer('own')();
    withdraw();
    withdraw();
    expect(asking.begin()).toBeUndefined();
    expect(slots.free).toBe(0);
  });

  it('says when every handler waits, once a minute', async () => {
    const { asking, warn } = handlersOf();
    const ask = (): (() => void) => asking.begin()?.run(waitsForAnswer, 'other') ?? (() => undefined);
    ask();
    expect(warn).not.toHaveBeenCalled();
    ask()();
    ask();
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/^q: all 2 handlers .* wait for answers to requests/)]]);
    await pass(60_000);
    ask();
    expect(warn).toHaveBeenCalledTimes(2);
  });
});
