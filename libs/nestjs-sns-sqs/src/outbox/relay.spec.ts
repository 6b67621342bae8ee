import { jest } from '@jest/globals';
import { MemoryOutbox } from '../../test/memory-outbox.js';
import type { OutboxMessage, OutboxRow } from '../interfaces/outbox-store.interface.js';
import { OutboxRelay } from './relay.js';
import type { RelayFailure, RelaySend } from './relay-round.js';

const TO = 'sns:users-domain-events';
const message = (id: string, lane?: string): OutboxMessage => ({
  destination: TO,
  id,
  type: 'user.registered',
  entry: '{}',
  ...(lane !== undefined && { lane }),
});

const unavailable: RelayFailure = { code: 'ENDPOINT_UNREACHABLE', reason: 'it is out of reach', isRefused: false };
const tooLarge: RelayFailure = { code: 'MESSAGE_TOO_LARGE', reason: 'it is too large', isRefused: true };

describe('OutboxRelay', () => {
  let store: MemoryOutbox;
  let sent: string[];
  const logged: string[] = [];
  const note = (text: string): void => void logged.push(text);
  const logger = { log: note, warn: note, error: note };
  const relays: Array<() => Promise<void>> = [];

  /** Sends everything, unless told otherwise. */
  function start(
    send: (row: OutboxRow) => Promise<RelayFailure | undefined> | RelayFailure | undefined = () => undefined,
  ) {
    const relay = new OutboxRelay({ store, logger, random: () => 0.5 });
    const sending = jest.fn<RelaySend>(async row => {
      const failure = await send(row);
      if (!failure) sent.push(row.id);
      return failure;
    });
    const link = relay.attach(TO, sending);
    relays.push(() => link.detach());
    return { relay, sending, link };
  }
  const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

  beforeEach(() => {
    jest.useFakeTimers();
    store = new MemoryOutbox();
    sent = [];
    logged.length = 0;
  });

  afterEach(async () => {
    const ended = Promise.all(relays.splice(0).map(stop => stop()));
    await pass(60_000);
    await ended;
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('publishes what was left by an earlier process, and removes it', async () => {
    await store.commit(message('a', 'user 1'), message('b', 'user 1'), message('c'));
    start();
    await pass(10);
    expect(sent.toSorted()).toEqual(['a', 'b', 'c']);
    expect(store.rows).toEqual([]);
  });

  it('looks once in a second while there is nothing, and soon after something was written here', async () => {
    const claims = jest.spyOn(store, 'claim');
    const { link } = start();
    await pass(10_000);
    expect(claims.mock.calls.length).toBeLessThanOrEqual(12);
    link.onWritten();
    // Its transaction takes 8 ms more.
    await pass(8);
    await store.commit(message('a'));
    await pass(10);
    expect(sent).toEqual(['a']);
  });

  it('asks the database at most twice a second while there is nothing to do', async () => {
    const asked = (['claim', 'status', 'settle', 'renew', 'open'] as const).map(name => jest.spyOn(store, name));
    start();
    await pass(5_000);
    const before = asked.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    await pass(60_000);
    const after = asked.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    expect((after - before) / 60).toBeLessThanOrEqual(2);
  });

  it('sends no message of a lane before the one before it was accepted', async () => {
    await store.commit(message('a', 'user 1'), message('b', 'user 1'), message('c', 'user 2'));
    const answers = new Map<string, () => void>();
    const { sending } = start(({ id }) => new Promise(resolve => answers.set(id, () => resolve(undefined))));
    await pass(5);
    expect(sending.mock.calls.map(([{ id }]) => id)).toEqual(['a', 'c']);
    answers.get('a')?.();
    await pass(5);
    expect(sending.mock.calls.map(([{ id }]) => id)).toEqual(['a', 'c', 'b']);
    answers.get('b')?.();
    answers.get('c')?.();
  });

  it('lets no message of a lane overtake one that was not accepted', async () => {
    await store.commit(message('a', 'user 1'), message('b', 'user 1'), message('c', 'user 2'));
    let isAway = true;
    start(({ id }) => (id === 'a' && isAway ? unavailable : undefined));
    await pass(20);
    expect(sent).toEqual(['c']);
    isAway = false;
    await pass(2_000);
    expect(sent).toEqual(['c', 'a', 'b']);
  });

  it('keeps everything while AWS is away, tries less and less often, says so once, and goes on', async () => {
    await store.commit(...Array.from({ length: 30 }, (_, index) => message(`${index}`, `user ${index % 3}`)));
    let isAway = true;
    const { sending, relay } = start(() => (isAway ? unavailable : undefined));
    await pass(60_000);
    expect(sending.mock.calls.length).toBeLessThan(60);
    expect(store.rows).toHaveLength(30);
    expect(relay.fault).toContain('it is out of reach');
    expect(logged).toHaveLength(1);
    isAway = false;
    await pass(35_000);
    expect(sent).toHaveLength(30);
    expect(relay.fault).toBeUndefined();
    expect(logged).toHaveLength(2);
    for (const lane of [0, 1, 2]) {
      const ofLane = sent.map(Number).filter(id => id % 3 === lane);
      expect(ofLane).toEqual(ofLane.toSorted((a, b) => a - b));
    }
  });

  it('publishes for one destination as ever while another one does not answer', async () => {
    const silent = 'sqs:silent.fifo';
    const ms = 60_000;
    const { relay } = start();
    const link = relay.attach(silent, () => new Promise(resolve => setTimeout(() => resolve(unavailable), ms)));
    relays.push(() => link.detach());
    for (let n = 0; n < 20; n += 1) await store.commit({ ...message(`s${n}`, `lane ${n}`), destination: silent });
    await pass(5_000);
    for (let second = 0; second < 300; second += 1) {
      await store.commit(message(`m${second}`, `user ${second}`));
      await pass(1_100);
      expect(sent).toHaveLength(second + 1);
    }
  });

  it('takes fewer messages at a time while AWS throttles', async () => {
    await store.commit(...Array.from({ length: 2_000 }, (_, index) => message(`${index}`)));
    const claims = jest.spyOn(store, 'claim');
    let budget = 10;
    start(() => ((budget -= 1) >= 0 ? undefined : { ...unavailable, code: 'THROTTLED' }));
    await pass(2_000);
    const asked = claims.mock.calls.map(([{ rows }]) => rows);
    expect(asked[0]).toBe(400);
    expect(Math.min(...asked)).toBeLessThanOrEqual(100);
  });

  it('puts a refused message aside, with its reason, and goes on with the next of its lane', async () => {
    await store.commit(message('a', 'user 1'), message('b', 'user 1'));
    start(({ id }) => (id === 'a' ? tooLarge : undefined));
    await pass(20);
    expect(sent).toEqual(['b']);
    expect(store.rows).toEqual([]);
    expect(store.refused).toMatchObject([{ id: 'a', code: 'MESSAGE_TOO_LARGE' }]);
    expect(logged).toEqual([expect.stringContaining('it is too large')]);
  });

  it('does not send again what it has sent and could not remove, and removes it later', async () => {
    await store.commit(message('a', 'user 1'), message('b', 'user 1'));
    const settle = jest.spyOn(store, 'settle').mockRejectedValueOnce(new Error('no connection'));
    const { sending } = start();
    await pass(5_000);
    expect(settle.mock.calls.length).toBeGreaterThanOrEqual(2);
    expect(sending).toHaveBeenCalledTimes(2);
    expect(store.rows).toEqual([]);
  });

  it('does not send what is still to be removed although its lease is over', async () => {
    store.relay = { leaseMs: 5_000 };
    await store.commit(message('a', 'user 1'));
    const settle = jest.spyOn(store, 'settle').mockRejectedValue(new Error('no connection'));
    const { sending } = start();
    await pass(60_000);
    expect(sending).toHaveBeenCalledTimes(1);
    settle.mockRestore();
    await pass(15_000);
    expect(store.rows).toEqual([]);
  });

  it('publishes nothing more while what was sent cannot be removed, keeps its claim, says so once, and goes on', async () => {
    store.relay = { leaseMs: 5_000 };
    await store.commit(message('a', 'user 1'));
    const settle = jest.spyOn(store, 'settle').mockRejectedValue(new Error('permission denied for table'));
    const status = jest.spyOn(store, 'status');
    const { relay } = start();
    await pass(100);
    await store.commit(message('b', 'user 2'));
    await pass(60_000);
    expect(sent).toEqual(['a']);
    expect(relay.fault).toContain('cannot be removed: permission denied for table');
    expect(logged).toEqual([expect.stringContaining('permission denied for table')]);
    // Nobody else takes what was sent: that would be a second time.
    const another = { destinations: [TO], leaseMs: 5_000, rows: 10, exceptLanes: [] };
    const free = await store.claim({ ...another, token: 'another' });
    expect(free.map(({ id }) => id)).toEqual(['b']);
    await store.release('another');
    // The age of what waits is a metric.
    expect(status.mock.calls.length).toBeGreaterThanOrEqual(6);
    expect(relay.status).toMatchObject([{ waiting: 2 }]);
    settle.mockRestore();
    await pass(20_000);
    expect(sent).toEqual(['a', 'b']);
    expect(store.rows).toEqual([]);
    expect(relay.fault).toBeUndefined();
    expect(logged).toEqual([expect.any(String), 'The outbox can be read and written again.']);
  });

  it('says the second reason where the database is back and what was sent still cannot be removed', async () => {
    await store.commit(message('a', 'user 1'));
    const settle = jest.spyOn(store, 'settle').mockRejectedValue(new Error('no connection'));
    const claim = jest.spyOn(store, 'claim');
    let answer: () => void = () => undefined;
    const { relay } = start(() => new Promise(resolve => (answer = () => resolve(undefined))));
    await pass(10);
    claim.mockRejectedValue(new Error('connect ECONNREFUSED'));
    await pass(5_000);
    answer();
    await pass(5_000);
    expect(logged).toEqual([expect.stringContaining('ECONNREFUSED')]);
    claim.mockRestore();
    settle.mockRejectedValue(new Error('PostgreSQL, SQLSTATE 42501: permission denied'));
    await pass(60_000);
    expect(logged.slice(1)).toEqual([expect.stringContaining('SQLSTATE 42501')]);
    expect(relay.fault).toContain('SQLSTATE 42501');
    settle.mockRestore();
    await pass(15_000);
    expect(logged.slice(2)).toEqual(['The outbox can be read and written again.']);
    expect(relay.fault).toBeUndefined();
    expect(store.rows).toEqual([]);
  });

  it('has refused messages that cannot be kept elsewhere hold up nobody, and keeps them later', async () => {
    await store.commit(message('a', 'user 1'), message('b', 'user 1'), message('c', 'user 2'));
    const settle = store.settle.bind(store);
    const settles = jest.spyOn(store, 'settle');
    settles.mockImplementation((token, results) =>
      results.refused.length > 0 ? Promise.reject(new Error('no right')) : settle(token, results),
    );
    const { relay, sending } = start(({ id }) => (id === 'a' ? tooLarge : undefined));
    await pass(5_000);
    await store.commit(message('d', 'user 1'));
    await pass(40_000);
    expect(sent.toSorted()).toEqual(['b', 'c', 'd']);
    expect(store.rows.map(({ id }) => id)).toEqual(['a']);
    expect(relay.fault).toContain('no right');
    settles.mockImplementation(settle);
    await pass(15_000);
    expect(store.refused).toMatchObject([{ id: 'a' }]);
    expect(store.rows).toEqual([]);
    expect(relay.fault).toBeUndefined();
    expect(sending.mock.calls.filter(([{ id }]) => id === 'a')).toHaveLength(1);
  });

  it('publishes although the outbox cannot be counted or tidied up, and says each once', async () => {
    const broken = [jest.spyOn(store, 'status'), jest.fn(() => Promise.resolve())] as const;
    const fail = (): Promise<never> => Promise.reject(new Error('permission denied'));
    broken[0].mockImplementation(fail);
    broken[1].mockImplementation(fail);
    Object.assign(store, { tidy: broken[1] });
    const { relay, link } = start();
    for (let n = 0; n < 100; n += 1) {
      await store.commit(message(`${n}`));
      link.onWritten();
      await pass(3_000);
      expect(sent).toHaveLength(n + 1);
    }
    expect(relay.fault).toBeUndefined();
    expect(logged).toEqual([
      expect.stringContaining('cannot be counted: permission denied'),
      expect.stringContaining('cannot be tidied up: permission denied'),
    ]);
    for (const mock of broken) mock.mockRestore();
    Object.assign(store, { tidy: undefined });
    await pass(70_000);
    const again = ['The outbox can be counted again.', 'The outbox can be tidied up again.'];
    expect(logged.slice(2).toSorted()).toEqual(again);
  });

  it('opens its destinations anew after a failure, and each minute: the tables may be others', async () => {
    const open = jest.spyOn(store, 'open');
    const claim = jest.spyOn(store, 'claim');
    start();
    await pass(10_000);
    expect(open).toHaveBeenCalledTimes(1);
    claim.mockRejectedValueOnce(new Error('relation does not exist'));
    await pass(10_000);
    expect(open).toHaveBeenCalledTimes(2);
    await pass(60_000);
    expect(open).toHaveBeenCalledTimes(3);
  });

  it('tries again when the database is away, with growing delays, and says so once', async () => {
    await store.commit(message('a'));
    const claim = jest.spyOn(store, 'claim').mockRejectedValue(new Error('no connection'));
    const { relay } = start();
    await pass(60_000);
    expect(claim.mock.calls.length).toBeLessThan(20);
    expect(relay.fault).toContain('no connection');
    expect(logged).toHaveLength(1);
    claim.mockRestore();
    await pass(12_000);
    expect(sent).toEqual(['a']);
    expect(relay.fault).toBeUndefined();
  });

  it('gives back what a claim has leased whose answer was lost, and does not wait for the lease to end', async () => {
    await store.commit(message('a', 'user 1'));
    const claim = store.claim.bind(store);
    jest.spyOn(store, 'claim').mockImplementationOnce(async request => {
      await claim(request);
      throw new Error('terminating connection due to administrator command');
    });
    start();
    await pass(2_000);
    expect(sent).toEqual(['a']);
  });

  it('renews its claim while a send takes long, and begins nothing more when it has lost it', async () => {
    store.relay = { leaseMs: 6_000 };
    await store.commit(message('a', 'user 1'), message('b', 'user 1'));
    let answer: () => void = () => undefined;
    const { sending } = start(({ id }) =>
      id === 'a' && sending.mock.calls.length === 1
        ? new Promise(resolve => (answer = () => resolve(undefined)))
        : undefined,
    );
    const renew = jest.spyOn(store, 'renew');
    await pass(5_000);
    expect(renew).toHaveBeenCalledTimes(2);
    renew.mockResolvedValue(false);
    await pass(2_000);
    jest.spyOn(store, 'claim').mockResolvedValue([]);
    answer();
    await pass(1_000);
    expect(sent).toEqual(['a']);
    expect(store.rows.map(({ id }) => id)).toEqual(['b']);
  });

  it('leaves the messages of a relay that died to another one, when its lease is over', async () => {
    await store.commit(message('a', 'user 1'), message('b', 'user 1'));
    await store.claim({ destinations: [TO], token: 'dead', leaseMs: 30_000, rows: 10, exceptLanes: [] });
    start();
    await pass(29_000);
    expect(sent).toEqual([]);
    await pass(3_000);
    expect(sent).toEqual(['a', 'b']);
  });

  it('begins nothing more once its client closes, and settles what is under way', async () => {
    await store.commit(message('a', 'user 1'), message('b', 'user 1'));
    let answer: () => void = () => undefined;
    const { link } = start(() => new Promise(resolve => (answer = () => resolve(undefined))));
    await pass(5);
    let isOver = false;
    const detaching = link.detach().then(() => (isOver = true));
    await pass(5);
    expect(isOver).toBe(false);
    answer();
    await pass(5);
    await detaching;
    expect(sent).toEqual(['a']);
    expect(store.rows.map(({ id }) => id)).toEqual(['b']);
    expect(await store.claim({ destinations: [TO], token: 't', leaseMs: 1, rows: 9, exceptLanes: [] })).toHaveLength(1);
  });

  it('works again for a client that comes after the last one has closed', async () => {
    const { relay, link } = start();
    await pass(5);
    await link.detach();
    const again = relay.attach(TO, ({ id }) => Promise.resolve(void sent.push(id)));
    relays.push(() => again.detach());
    await store.commit(message('a'));
    await pass(1_100);
    expect(sent).toEqual(['a']);
  });

  it('begins nothing more, and takes no client any more, once it was closed', async () => {
    const { relay } = start();
    await pass(5);
    await relay.close();
    await store.commit(message('a'));
    relay.attach(TO, () => Promise.resolve(undefined)).onWritten();
    await pass(5_000);
    expect(sent).toEqual([]);
    await relay.close();
  });

  it('tells what waits', async () => {
    await store.commit(message('a'));
    const { relay } = start(() => unavailable);
    await pass(15_000);
    expect(relay.status).toMatchObject([{ destination: TO, waiting: 1 }]);
    expect(relay.status[0]?.oldestMs).toBeGreaterThan(4_000);
  });

  it('says once for which destination messages wait that no client of its process sends', async () => {
    let neglected = [{ destination: 'sqs:formerly', oldestMs: 720_000 }];
    const asked = jest.fn((_except: readonly string[], _olderThanMs: number) => Promise.resolve(neglected));
    Object.assign(store, { neglected: asked });
    start();
    await pass(200_000);
    expect(asked.mock.calls.slice(0, 2)).toEqual([
      [[TO], 600_000],
      [[TO], 600_000],
    ]);
    const told = (): string[] => logged.filter(text => text.includes('sqs:formerly have waited for 12 minutes'));
    expect(told()).toHaveLength(1);
    neglected = [];
    await pass(70_000);
    neglected = [{ destination: 'sqs:formerly', oldestMs: 720_000 }];
    await pass(70_000);
    expect(told()).toHaveLength(2);
    expect(sent).toEqual([]);
  });
});
