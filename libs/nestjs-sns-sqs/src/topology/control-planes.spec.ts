import { jest } from '@jest/globals';
import { call, mapInParallel, topicArnInSameAccount } from './control-planes.js';

describe('call', () => {
  const { signal } = new AbortController();

  it('gives what the call gives', async () => {
    expect(await call({ signal }, 'GetQueueUrl', 'q', () => Promise.resolve('url'))).toBe('url');
  });

  it('names operation and resource when it fails', async () => {
    const denied = () => Promise.reject(Object.assign(new Error('no'), { name: 'AccessDenied' }));
    await expect(call({ signal }, 'GetQueueUrl', 'q', denied)).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      facts: { operation: 'GetQueueUrl', resource: 'q' },
    });
  });

  it('calls nothing more once it is stopped', async () => {
    const run = jest.fn(() => Promise.resolve());
    await expect(call({ signal: AbortSignal.abort() }, 'GetQueueUrl', 'q', run)).rejects.toMatchObject({
      code: 'SERVER_CLOSED',
    });
    expect(run).not.toHaveBeenCalled();
  });
});

it.each([
  ['arn:aws:sqs:eu-west-1:123456789012:q', 'arn:aws:sns:eu-west-1:123456789012:t'],
  ['arn:aws-cn:sqs:cn-north-1:123456789012:q.fifo', 'arn:aws-cn:sns:cn-north-1:123456789012:t'],
])('the topic beside %s is %s', (queueArn, topicArn) => {
  expect(topicArnInSameAccount(queueArn, 't')).toBe(topicArn);
});

describe('mapInParallel', () => {
  const turns = async (count: number): Promise<void> => {
    for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
  };

  it('keeps the order, whoever is done first', async () => {
    const results = await mapInParallel([3, 1, 2], async n => {
      await turns(n * 5);
      return n * 10;
    });
    expect(results).toEqual([30, 10, 20]);
  });

  it('runs ten at a time, and each item once', async () => {
    let running = 0;
    let most = 0;
    const seen: number[] = [];
    await mapInParallel([...Array(35).keys()], async n => {
      seen.push(n);
      most = Math.max(most, (running += 1));
      await turns(5);
      running -= 1;
    });
    expect(most).toBe(10);
    expect(seen).toEqual([...Array(35).keys()]);
  });

  it('gives nothing for nothing', async () => {
    expect(await mapInParallel([], () => Promise.resolve(1))).toEqual([]);
  });

  it('starts nothing more after a failure, and rejects once what runs has ended', async () => {
    const started: number[] = [];
    let ended = 0;
    const mapped = mapInParallel([...Array(30).keys()], async n => {
      started.push(n);
      if (n === 2) throw new Error('the third');
      await turns(20);
      ended += 1;
    });
    await expect(mapped).rejects.toThrow('the third');
    expect(started).toHaveLength(10);
    expect(ended).toBe(9);
  });
});
