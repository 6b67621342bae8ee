import { jest } from '@jest/globals';
import { succeeded } from '../../../test/scripted-queue.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { BatchFailure, BatchResult, OutgoingSqsMessage } from '../../interfaces/wire.interface.js';
import { PublishBatcher } from './publish-batcher.js';

type MakeEntry = Parameters<PublishBatcher['add']>[1];
type Send = (entries: OutgoingSqsMessage[]) => Promise<BatchResult>;

const well: Send = entries => succeeded(entries);
const failing =
  (senderFault: boolean): Send =>
  entries =>
    Promise.resolve({
      successful: [],
      failed: entries.map(({ id }) => ({ id, code: 'Refused', message: 'no', senderFault })),
    });
/** Every call takes half a second. */
const slowly: Send = async entries => {
  await new Promise(resolve => setTimeout(resolve, 500));
  return well(entries);
};

function batcherOver(answer: Send, { ordered = true, maxBatchBytes = 1_000 } = {}) {
  const send = jest.fn(answer);
  const publish = { lingerMs: 1, maxAttempts: 2, retryDelayMs: 10 };
  const batcher = new PublishBatcher({ send, maxBatchBytes, ordered, publish, random: () => 1 });
  const addMade = (groupId: string | undefined, makeEntry: MakeEntry, endsAt = Infinity) =>
    new Promise<BatchFailure | undefined>((resolve, reject) =>
      batcher.add(groupId, makeEntry, endsAt, resolve, reject),
    );
  const add = (body: string, groupId?: string) =>
    addMade(groupId, () => Promise.resolve({ body, attributes: {}, ...(groupId !== undefined && { groupId }) }));
  const batches = () => send.mock.calls.map(([entries]) => entries.map(({ body }) => body));
  return { batcher, send, add, addMade, batches };
}

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

describe('PublishBatcher', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('sends together what is published together', async () => {
    const { add, batches } = batcherOver(well, { ordered: false });
    const results = Promise.all([add('a', 'g'), add('b', 'g'), add('c')]);
    await pass(1);
    expect(batches()).toEqual([['a', 'b', 'c']]);
    expect(await results).toEqual([undefined, undefined, undefined]);
  });

  it('keeps a batch within its bytes, attributes counted', async () => {
    const { add, batches } = batcherOver(well, { ordered: false, maxBatchBytes: 10 });
    void add('aaaaaa');
    void add('bbbb');
    void add('c');
    await pass(1);
    expect(batches()).toEqual([['aaaaaa', 'bbbb'], ['c']]);
  });

  it('has one entry of a group under way at a time, and other groups beside it', async () => {
    const { add, batches } = batcherOver(slowly);
    for (const body of ['g1', 'g2', 'g3']) void add(body, 'g');
    void add('h1', 'h');
    await pass(1);
    expect(batches()).toEqual([['g1', 'h1']]);
    await pass(499);
    expect(batches()).toHaveLength(1);
    await pass(2);
    expect(batches()).toEqual([['g1', 'h1'], ['g2']]);
    await pass(502);
    expect(batches()).toEqual([['g1', 'h1'], ['g2'], ['g3']]);
  });

  it('keeps the order of the calls however long the writing of one takes', async () => {
    const { addMade, add, batches } = batcherOver(well);
    const slow = async () => {
      await new Promise(resolve => setTimeout(resolve, 300));
      return { body: 'first', attributes: {}, groupId: 'g' };
    };
    void addMade('g', slow);
    void add('second', 'g');
    await pass(1_000);
    expect(batches()).toEqual([['first'], ['second']]);
  });

  it('fails what waits behind an entry for which AWS could not be reached, without sending it', async () => {
    const { add, batches, send } = batcherOver(failing(false));
    const results = Promise.all([add('head', 'g'), add('behind', 'g'), add('further', 'g')]);
    await pass(1_000);
    expect(batches()).toEqual([['head'], ['head']]);
    for (const failure of await results) expect(failure).toMatchObject({ code: 'Refused', senderFault: false });
    send.mockImplementation(well);
    const later = add('later', 'g');
    await pass(1);
    expect(await later).toBeUndefined();
  });

  it('fails what waits behind an entry whose queue could not be looked up, without sending it', async () => {
    const { addMade, add, send } = batcherOver(well);
    const away = new SnsSqsError('ENDPOINT_UNREACHABLE', 'no', { retryable: true });
    const head = addMade('g', () => Promise.reject(away));
    const follower = add('b', 'g');
    await expect(head).rejects.toBe(away);
    expect(await follower).toMatchObject({ code: 'ENDPOINT_UNREACHABLE', cause: away });
    await pass(10);
    expect(send).not.toHaveBeenCalled();
  });

  it("goes on behind an entry that AWS refuses for the sender's fault", async () => {
    const { add, send } = batcherOver(well);
    send.mockImplementationOnce(failing(true));
    const results = Promise.all([add('head', 'g'), add('behind', 'g')]);
    await pass(1_000);
    expect(await results).toEqual([expect.objectContaining({ senderFault: true }), undefined]);
  });

  it('rejects what cannot be written, and goes on behind it', async () => {
    const { addMade, add } = batcherOver(well);
    const error = new Error('a circle');
    const outcomes = Promise.allSettled([addMade('g', () => Promise.reject(error)), add('behind', 'g')]);
    await pass(10);
    expect(await outcomes).toEqual([
      { status: 'rejected', reason: error },
      { status: 'fulfilled', value: undefined },
    ]);
  });

  it('flushes what waits, its followers too, and resolves when all have their result', async () => {
    const { batcher, add, batches } = batcherOver(slowly);
    void add('a', 'g');
    void add('b', 'g');
    const flushed = jest.fn();
    void batcher.flush().then(flushed);
    await pass(999);
    expect(flushed).not.toHaveBeenCalled();
    await pass(1);
    expect(flushed).toHaveBeenCalled();
    expect(batches()).toEqual([['a'], ['b']]);
  });

  it.each(['KmsDisabled', 'KMSDisabledException', 'AuthorizationError', 'InvalidAddress'])(
    'lets nothing of a group overtake what AWS refused as a whole: %s',
    async name => {
      const error = Object.assign(new Error('no'), { name, $metadata: { httpStatusCode: 400 } });
      const answers: Send[] = [() => Promise.reject(error), () => Promise.reject(error)];
      const { add, batches } = batcherOver(entries => (answers.shift() ?? well)(entries));
      const results = Promise.all([add('first', 'g'), add('second', 'g')]);
      await pass(1_000);
      expect((await results).map(result => result?.senderFault)).toEqual([false, false]);
      expect(batches().flat()).not.toContain('second');
    },
  );

  it('lets nothing overtake an entry that AWS blames for the key of its queue', async () => {
    const { add, batches } = batcherOver(entries =>
      Promise.resolve({
        successful: [],
        failed: entries.map(({ id }) => ({ id, code: 'KmsDisabled', message: 'no', senderFault: true })),
      }),
    );
    const results = Promise.all([add('first', 'g'), add('second', 'g')]);
    await pass(1_000);
    expect(await results).toMatchObject([{ code: 'KmsDisabled', senderFault: false }, { code: 'KmsDisabled' }]);
    expect(batches()).toEqual([['first']]);
  });

  it('does not send what nobody waits for any more', async () => {
    const { addMade, send } = batcherOver(slowly);
    const entry = () => Promise.resolve({ body: 'a', attributes: {} });
    const late = addMade('g', entry, performance.now());
    expect(await late).toMatchObject({ code: 'TOO_LATE' });
    const waiting = [addMade('h', entry, performance.now() + 300), addMade('h', entry, performance.now() + 300)];
    await pass(1_000);
    expect(await Promise.all(waiting)).toMatchObject([undefined, { code: 'TOO_LATE' }]);
    expect(send).toHaveBeenCalledTimes(1);
  });
});
