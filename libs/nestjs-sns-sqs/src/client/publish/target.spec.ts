import { jest } from '@jest/globals';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { Target } from './target.js';

const throttled = (): Error => Object.assign(new Error('slow down'), { name: 'Throttling' });
const missing = (): Error => Object.assign(new Error('no'), { name: 'QueueDoesNotExist' });

function targetOver(makes = true, maxAttempts = 3) {
  const resolve = jest.fn<() => Promise<string>>(() => Promise.resolve('url'));
  const target = new Target({
    resolve,
    makes,
    operation: 'SendMessageBatch',
    name: 'q',
    tries: { maxAttempts, retryDelayMs: 100, random: () => 1 },
  });
  return { target, resolve };
}

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
const settled = <T>(work: Promise<T>): Promise<unknown> => work.catch((error: unknown) => error);

describe('Target', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('is looked up once by all that ask, and then known', async () => {
    const { target, resolve } = targetOver();
    expect(target.isKnown).toBe(false);
    expect(await Promise.all([target.find(), target.find(), target.use(url => Promise.resolve(url))])).toEqual([
      'url',
      'url',
      'url',
    ]);
    expect(target.isKnown).toBe(true);
    expect(await target.find()).toBe('url');
    expect(resolve).toHaveBeenCalledTimes(1);
  });

  it('is looked up through what may pass, as often as a publish is tried', async () => {
    const { target, resolve } = targetOver();
    resolve.mockRejectedValueOnce(throttled()).mockRejectedValueOnce(throttled());
    const found = target.find();
    await pass(10_000);
    expect(await found).toBe('url');
    expect(resolve).toHaveBeenCalledTimes(3);
  });

  it('is not remembered as failed, and tells why it was', async () => {
    const { target, resolve } = targetOver();
    resolve.mockRejectedValue(throttled());
    const failed = settled(target.find());
    await pass(10_000);
    expect(await failed).toMatchObject({
      code: 'THROTTLED',
      message: expect.stringContaining('SendMessageBatch on q') as string,
    });
    expect(resolve).toHaveBeenCalledTimes(3);
    resolve.mockResolvedValue('url');
    expect(await target.find()).toBe('url');
  });

  it('gives one that came late to the tries of another its own', async () => {
    const { target, resolve } = targetOver(true, 2);
    resolve.mockRejectedValueOnce(throttled()).mockRejectedValueOnce(throttled());
    const first = settled(target.find());
    await pass(50);
    const late = target.find();
    await pass(10_000);
    expect(await first).toMatchObject({ code: 'THROTTLED' });
    expect(await late).toBe('url');
  });

  it('is made again when AWS says that it is missing, and waits until AWS knows the new one', async () => {
    const { target, resolve } = targetOver();
    await target.find();
    resolve.mockResolvedValue('new');
    const run = jest.fn<(url: string) => Promise<string>>(url => Promise.resolve(`sent to ${url}`));
    run.mockRejectedValueOnce(missing()).mockRejectedValueOnce(missing()).mockRejectedValueOnce(missing());
    const sent = target.use(run);
    await pass(10_000);
    expect(await sent).toBe('sent to new');
    expect(run.mock.calls).toEqual([['url'], ['new'], ['new'], ['new']]);
  });

  it('is given up when it stays missing for ten seconds', async () => {
    const { target, resolve } = targetOver();
    const sent = settled(target.use(() => Promise.reject(missing())));
    await pass(9_000);
    const calls = resolve.mock.calls.length;
    await pass(11_000);
    expect(await sent).toMatchObject({ name: 'QueueDoesNotExist' });
    expect(calls).toBeLessThan(20);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each([missing(), Object.assign(new Error('no'), { name: 'NotFoundException' })])(
    'is forgotten at once where it may not be made, and found again once it exists (%s)',
    async error => {
      const { target, resolve } = targetOver(false);
      await expect(target.use(() => Promise.reject(error))).rejects.toBe(error);
      expect(target.isKnown).toBe(false);
      resolve.mockRejectedValueOnce(new SnsSqsError('QUEUE_NOT_FOUND', 'still not', { retryable: true }));
      await expect(target.use(() => Promise.resolve(1))).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' });
      expect(await target.use(url => Promise.resolve(url))).toBe('url');
    },
  );

  it('stays known after any other failure', async () => {
    const { target, resolve } = targetOver();
    await expect(target.use(() => Promise.reject(throttled()))).rejects.toMatchObject({ name: 'Throttling' });
    expect(target.isKnown).toBe(true);
    expect(resolve).toHaveBeenCalledTimes(1);
  });

  it('tries nothing again once it is stopped', async () => {
    const { target, resolve } = targetOver();
    resolve.mockRejectedValue(throttled());
    const found = settled(target.find());
    await pass(50);
    target.stop();
    expect(await found).toMatchObject({ code: 'THROTTLED' });
    expect(resolve).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
