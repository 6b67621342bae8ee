import { jest } from '@jest/globals';
import { awsError } from '../../../test/fake-planes.js';
import { QueueTagReader } from '../../topology/queue-tag-reader.js';
import { Delivery } from '../delivery.js';
import { AttemptCounter } from './attempt-counter.js';
import { SoloRuns } from './solo-runs.js';
import { Suspects } from './suspects.js';

const backoff = { initialSeconds: 0, factor: 1, maxSeconds: 0 };
const received = (times: number, messageId = 'm') =>
  new Delivery({ MessageId: messageId, Attributes: { ApproximateReceiveCount: String(times) } }, 0, 0);

const LEASE_MS = 30_000;

/** The tags of a queue, and processes that share them. */
function queueWithTags(maxReceiveCount = 5) {
  const tags: Record<string, string> = {};
  const plane = {
    listQueueTags: jest.fn((): Promise<Record<string, string>> => Promise.resolve({ ...tags })),
    tagQueue: jest.fn((_: string, more: Record<string, string>) => Promise.resolve(void Object.assign(tags, more))),
    untagQueue: jest.fn((_: string, keys: readonly string[]) =>
      Promise.resolve(keys.forEach(key => void delete tags[key])),
    ),
  };
  const warn = jest.fn();
  const soloOf = new WeakMap<Suspects, SoloRuns>();
  const startProcess = (wallAheadMs = 0) => {
    const solo = new SoloRuns();
    const suspects = new Suspects({
      queueUrl: 'url',
      queueName: 'q',
      maxReceiveCount,
      visibilityTimeoutSeconds: LEASE_MS / 1000,
      attempts: new AttemptCounter({ fifo: true, rules: { maxReceiveCount, backoff } }),
      reader: new QueueTagReader({ readTags: plane.listQueueTags, readEveryMs: 0 }),
      tags: plane,
      solo,
      logger: { warn },
      wallNow: () => Date.now() + wallAheadMs,
    });
    soloOf.set(suspects, solo);
    return suspects;
  };
  return { tags, plane, warn, startProcess, soloOf };
}

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
/** Its timers go with it. */
const kill = (suspects: Suspects) => suspects.stop();

describe('Suspects', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('lets a message kill no more processes than it may be tried', async () => {
    const { startProcess, tags } = queueWithTags();
    let deaths = 0;
    let here = startProcess();
    for (let receives = 1; receives < 20; receives += 1) {
      const delivery = received(receives);
      const verdict = here.isSuspect(delivery) ? await here.begin(delivery) : 'run';
      if (verdict === 'deadly') break;
      if (verdict === 'run') {
        deaths += 1;
        kill(here);
        here = startProcess();
      }
      await pass(LEASE_MS + 1_000);
    }
    expect(deaths).toBe(5);
    // Others must know as long as it is not in the dead letter queue.
    expect(Object.keys(tags)).toHaveLength(2);
    await here.noteGone('m');
    expect(tags).toEqual({});
  });

  it.each([
    ['takes the place of tags that only list queues', 30, 5],
    ['finds no room among tags of the team: it runs without a mark', 0, 19],
  ])('on a queue with 50 tags %s', async (_, listed, most) => {
    const { startProcess, tags, plane, warn } = queueWithTags();
    for (let n = 0; n < 50; n += 1) tags[n < listed ? `nestjs-sns-sqs:queue:q${n}` : `team-${n}`] = 'x';
    const tagQueue = plane.tagQueue.getMockImplementation();
    plane.tagQueue.mockImplementation((url, more) =>
      Object.keys({ ...tags, ...more }).length > 50
        ? Promise.reject(awsError('InvalidParameterValue', 'Too many tags added for queue q.'))
        : tagQueue!(url, more),
    );
    let deaths = 0;
    for (let receives = 1; receives < 20; receives += 1) {
      const here = startProcess();
      const delivery = received(receives);
      const verdict = here.isSuspect(delivery) ? await here.begin(delivery) : 'run';
      kill(here);
      if (verdict === 'deadly') break;
      if (verdict === 'run') deaths += 1;
      await pass(LEASE_MS + 1_000);
    }
    expect(deaths).toBeLessThanOrEqual(most);
    expect(Object.keys(tags).filter(key => key.startsWith('team-'))).toHaveLength(50 - listed);
    const told = warn.mock.calls.map(([text]) => /Remedy: remove tags of yours/.test(String(text)));
    expect([...new Set(told)]).toEqual(listed === 0 ? [true] : []);
  });

  it.each([2, 12, 40])('tells the one of %d that kills from those that are in work beside it', async count => {
    const { startProcess, tags, soloOf } = queueWithTags();
    const [KILLER, names] = ['7', Array.from({ length: count }, (_, at) => String(count === 2 ? at + 6 : at))];
    const left = new Map(names.map(name => [name, 3]));
    const ends: Array<[string, string]> = [];
    let deaths = 0;
    let here = startProcess();
    for (let rounds = 0; left.size > 0 && rounds < 200; rounds += 1) {
      const started: Delivery[] = [];
      for (const [name, receives] of left) {
        left.set(name, receives + 1);
        const delivery = received(receives + 1, name);
        const verdict = here.isSuspect(delivery) ? await here.begin(delivery) : 'run';
        if (verdict === 'run') started.push(delivery);
        if (verdict !== 'deadly') continue;
        ends.push([name, 'dead letter']);
        left.delete(name);
        await here.noteGone(name);
      }
      // They take long, so that all of them are in work when their process dies.
      if (started.some(({ messageId }) => messageId === KILLER)) {
        deaths += 1;
        kill(here);
        here = startProcess();
      } else {
        for (const delivery of started) {
          left.delete(delivery.messageId);
          await here.end(delivery, true);
          soloOf.get(here)?.end(delivery);
        }
      }
      await pass(LEASE_MS + 1_000);
    }
    expect([left.size, ends, tags]).toEqual([0, [[KILLER, 'dead letter']], {}]);
    expect(deaths).toBeLessThanOrEqual(2);
  });

  it('keeps the mark of a death until the message is gone: a handler that was not called, or has failed, tells nothing', async () => {
    const { startProcess, tags, soloOf } = queueWithTags();
    const [there, here] = [startProcess(), startProcess()];
    await there.begin(received(5));
    kill(there);
    expect(await here.begin(received(6))).toBe('wait');
    await pass(LEASE_MS);
    for (const [receives, isGone, left] of [
      [7, false, 1],
      [8, true, 0],
    ] as const) {
      const delivery = received(receives);
      expect(await here.begin(delivery)).toBe('run');
      expect(delivery.isCalledAlone).toBe(true);
      await here.end(delivery, isGone);
      soloOf.get(here)?.end(delivery);
      expect(Object.keys(tags)).toHaveLength(left);
      await pass(1);
    }
  });

  it('tries what was only handed out often, however often', async () => {
    const { startProcess, tags } = queueWithTags();
    for (let receives = 5; receives < 40; receives += 1) {
      const suspects = startProcess();
      const delivery = received(receives);
      expect(suspects.isSuspect(delivery)).toBe(true);
      expect(await suspects.begin(delivery)).toBe('run');
      await suspects.end(delivery);
    }
    expect(tags).toEqual({});
  });

  it('suspects nothing that is received for the first times', () => {
    const suspects = queueWithTags().startProcess();
    expect([1, 2, 3].map(times => suspects.isSuspect(received(times)))).toEqual([false, false, false]);
  });

  it.each([0, 7_200_000, -7_200_000])(
    'takes a handler that goes on elsewhere, its lease lost, for no death, whoever has set the clock by %d ms',
    async wallAheadMs => {
      const { startProcess, tags } = queueWithTags();
      const [there, here] = [startProcess(), startProcess(wallAheadMs)];
      const longRun = received(5);
      expect(await there.begin(longRun)).toBe('run');
      for (let receives = 6; receives < 16; receives += 1) {
        await pass(LEASE_MS);
        expect(await here.begin(received(receives))).toBe('wait');
      }
      await there.end(longRun);
      expect(tags).toEqual({});
      await pass(1);
      expect(await here.begin(received(16))).toBe('run');
    },
  );

  it('lets a duplicate wait, in the same process too, and leaves the mark to whose it is', async () => {
    const { startProcess, tags } = queueWithTags();
    const suspects = startProcess();
    const [first, duplicate] = [received(5), received(6)];
    expect(await suspects.begin(first)).toBe('run');
    expect(await suspects.begin(duplicate)).toBe('wait');
    await suspects.end(duplicate);
    expect(Object.keys(tags)).toHaveLength(1);
    await suspects.end(first);
    expect(tags).toEqual({});
  });

  it('marks one of two that come at once', async () => {
    const { startProcess, tags } = queueWithTags();
    const suspects = startProcess();
    const [one, other] = [received(5), received(6)];
    expect(await Promise.all([suspects.begin(one), suspects.begin(other)])).toEqual(['run', 'wait']);
    await Promise.all([suspects.end(other), suspects.end(one)]);
    expect(tags).toEqual({});
    expect(jest.getTimerCount()).toBe(0);
  });

  it('takes away no mark but its own, where two processes begin with one message at once', async () => {
    const { startProcess, tags } = queueWithTags(2);
    const [one, other, third] = [startProcess(), startProcess(), startProcess()];
    const here = received(5);
    expect(await Promise.all([one.begin(here), other.begin(received(6))])).toEqual(['run', 'run']);
    await one.end(here);
    kill(other);
    expect(await third.begin(received(7))).toBe('wait');
    await pass(LEASE_MS);
    expect(await third.begin(received(8))).toBe('deadly');
    await third.noteGone('m');
    expect(tags).toEqual({});
  });

  it('waits for a handler that still runs elsewhere, and then finds the mark of a death beside it', async () => {
    const { startProcess } = queueWithTags(2);
    const [dead, alive, third] = [startProcess(), startProcess(), startProcess()];
    const longRun = received(6);
    await Promise.all([dead.begin(received(5)), alive.begin(longRun)]);
    kill(dead);
    for (const receives of [7, 8, 9]) {
      expect(await third.begin(received(receives))).toBe('wait');
      await pass(LEASE_MS);
    }
    await alive.end(longRun);
    await pass(1);
    expect(await third.begin(received(10))).toBe('deadly');
  });

  it('leaves no mark behind that is being set when its handler ends, or whose call took effect and failed', async () => {
    const { startProcess, plane, tags } = queueWithTags();
    const suspects = startProcess();
    const delivery = received(5);
    await suspects.begin(delivery);
    let answer = (): void => undefined;
    plane.tagQueue.mockImplementationOnce(async (_, more) => {
      await new Promise<void>(resolve => (answer = resolve));
      Object.assign(tags, more);
      throw new Error('TimeoutError');
    });
    await pass(0.5 * LEASE_MS);
    const ended = suspects.end(delivery);
    answer();
    await ended;
    expect(tags).toEqual({});

    plane.tagQueue.mockImplementationOnce((_, more) => {
      Object.assign(tags, more);
      return Promise.reject(new Error('TimeoutError'));
    });
    const other = received(6);
    expect(await suspects.begin(other)).toBe('run');
    plane.untagQueue.mockRejectedValueOnce(new Error('RequestThrottled'));
    const again = suspects.end(other);
    await pass(1_000);
    await again;
    expect(tags).toEqual({});
  });

  it('leaves room for tags of others, and forgets marks that are older than any message', async () => {
    const { startProcess, tags } = queueWithTags();
    for (let at = 0; at < 25; at += 1) {
      const suspects = startProcess();
      await suspects.begin(received(9, String(at)));
      kill(suspects);
    }
    expect(Object.keys(tags)).toHaveLength(20);
    jest.setSystemTime(Date.now() + 15 * 86_400_000);
    expect(await startProcess().begin(received(9, 'later'))).toBe('run');
    expect(Object.keys(tags)).toEqual([expect.stringMatching(/^nestjs-sns-sqs:started:later:[\w-]+$/)]);
  });

  it('lets no suspect run without a mark while others make room, and for no longer than they do', async () => {
    const { startProcess, tags } = queueWithTags();
    const dead = startProcess();
    for (let at = 0; at < 20; at += 1) await dead.begin(received(9, String(at)));
    kill(dead);
    const suspects = startProcess();
    let receives = 3;
    const begin = () => suspects.begin(received((receives += 1)));
    for (let other = 0; other < 3; other += 1) {
      for (let lease = 0; lease < 3; lease += 1) {
        expect(await begin()).toBe('wait');
        await pass(LEASE_MS);
      }
      // A mark has gone, and another process was faster.
      const [gone = ''] = Object.keys(tags);
      delete tags[gone];
      await startProcess().begin(received(9, `other ${other}`));
    }
    for (let lease = 0; lease < 4; lease += 1) {
      expect(await begin()).toBe('wait');
      await pass(LEASE_MS);
    }
    expect(await begin()).toBe('run');
    expect(Object.keys(tags)).toHaveLength(20);
  });

  it('tries a message where the tags are out of reach, and says once what that costs', async () => {
    const { startProcess, plane, warn } = queueWithTags();
    plane.listQueueTags.mockRejectedValue(new Error('AccessDenied'));
    const suspects = startProcess();
    expect(await suspects.begin(received(9))).toBe('run');
    expect(await suspects.begin(received(9, 'n'))).toBe('run');
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('sqs:ListQueueTags'));
  });
});
