import { jest } from '@jest/globals';
import { filter, ReplaySubject } from 'rxjs';
import { guardedStatus } from './guarded-status.js';

function statusOf() {
  const status = new ReplaySubject<string>(1);
  const error = jest.fn<(text: string) => void>();
  return { status, error, guarded: guardedStatus(status.asObservable(), { error }) };
}
const throws = (): never => {
  throw new Error('no lamp');
};

describe('guardedStatus', () => {
  it.each<[string, object | (() => never)]>([
    ['a function', throws],
    ['an observer', { next: throws }],
    ['an observer that rejects', { next: () => Promise.reject(new Error('no lamp')) }],
  ])('logs what %s throws, and tells every state to it and to others', async (_, subscriber) => {
    const { status, error, guarded } = statusOf();
    const seen: string[] = [];
    guarded.subscribe(subscriber as () => void);
    guarded.subscribe(state => seen.push(state));
    for (const state of ['idle', 'polling']) status.next(state);
    await Promise.resolve();
    await Promise.resolve();
    expect(seen).toEqual(['idle', 'polling']);
    expect(error.mock.calls.map(([text]) => text)).toEqual([
      expect.stringMatching(/^A subscriber of the status threw: no lamp/),
      expect.stringMatching(/^A subscriber of the status threw: no lamp/),
    ]);
  });

  it('completes, ends with its subscription, and takes operators and nothing', () => {
    const { status, guarded } = statusOf();
    const seen: string[] = [];
    const complete = jest.fn();
    guarded.subscribe();
    const subscription = guarded
      .pipe(filter(state => state !== 'idle'))
      .subscribe({ next: state => seen.push(state), complete });
    status.next('idle');
    status.next('polling');
    subscription.unsubscribe();
    status.next('closed');
    guarded.subscribe({ complete });
    status.complete();
    expect(seen).toEqual(['polling']);
    expect(complete).toHaveBeenCalledTimes(1);
  });
});
