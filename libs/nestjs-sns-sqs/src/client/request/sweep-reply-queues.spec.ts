import { SQSClient } from '@aws-sdk/client-sqs';
import { jest } from '@jest/globals';
import { aliveTags } from './reply-queue-tags.js';
import { sweepReplyQueues, type SweepOptions } from './sweep-reply-queues.js';

interface Command {
  constructor: { name: string };
  input: { QueueUrl?: string; QueueNamePrefix?: string; NextToken?: string };
}

const NOW = Date.parse('2026-01-02T00:00:00Z');
const DEAD = aliveTags(NOW - 86_400_000);
const missing = () => Object.assign(new Error('none'), { name: 'QueueDoesNotExist' });
const url = (name: string): string => `https://sqs.test/1/${name}`;
const A = url('web-replies-00000000000a');
const B = url('web-replies-00000000000b');
const C = url('web-replies-00000000000c');

/** An SQS with these queues, two a page. `undefined`: gone before its tags are read. */
function sqsWith(queues: Record<string, Record<string, string> | undefined>, onDelete = () => Promise.resolve({})) {
  const send = jest.fn(({ constructor: { name }, input }: Command): Promise<object> => {
    const all = Object.keys(queues);
    switch (name) {
      case 'ListQueuesCommand': {
        const from = Number(input.NextToken ?? 0);
        const NextToken = from + 2 < all.length ? String(from + 2) : undefined;
        return Promise.resolve({ QueueUrls: all.slice(from, from + 2), NextToken });
      }
      case 'ListQueueTagsCommand': {
        const Tags = queues[input.QueueUrl ?? ''];
        return Tags ? Promise.resolve({ Tags }) : Promise.reject(missing());
      }
      default:
        return onDelete();
    }
  });
  const calls = (): Array<[string, string | undefined]> =>
    send.mock.calls.map(([{ constructor, input }]) => [constructor.name, input.QueueUrl ?? input.QueueNamePrefix]);
  // The paginator takes true clients only.
  const client = new SQSClient({ region: 'us-east-1' });
  client.send = send as never;
  return { client, calls };
}

const sweep = ({ client }: ReturnType<typeof sqsWith>, options: SweepOptions = {}): Promise<string[]> =>
  sweepReplyQueues(client, { now: NOW, ...options });

describe('sweepReplyQueues', () => {
  it('deletes what is left behind, on every page, and nothing else', async () => {
    const sqs = sqsWith({
      [A]: DEAD,
      [url('orders')]: DEAD,
      [B]: aliveTags(NOW),
      [C]: DEAD,
    });
    expect(await sweep(sqs)).toEqual([A, C]);
    expect(sqs.calls().filter(([name]) => name === 'DeleteQueueCommand')).toEqual([
      ['DeleteQueueCommand', A],
      ['DeleteQueueCommand', C],
    ]);
    expect(sqs.calls()).not.toContainEqual(['ListQueueTagsCommand', url('orders')]);
  });

  it('looks at the queues of a prefix only', async () => {
    const sqs = sqsWith({});
    await sweep(sqs, { prefix: 'dev-' });
    expect(sqs.calls()).toEqual([['ListQueuesCommand', 'dev-']]);
  });

  it('tells and deletes nothing in a dry run', async () => {
    const sqs = sqsWith({ [A]: DEAD });
    expect(await sweep(sqs, { dryRun: true })).toEqual([A]);
    expect(sqs.calls().map(([name]) => name)).not.toContain('DeleteQueueCommand');
  });

  it('goes on when a queue is gone before it is looked at, or before it is deleted', async () => {
    expect(await sweep(sqsWith({ [A]: undefined, [B]: DEAD }))).toEqual([B]);
    expect(await sweep(sqsWith({ [A]: DEAD }, () => Promise.reject(missing())))).toEqual([A]);
  });

  it('rejects for what is no absence', async () => {
    const denied = Object.assign(new Error('no'), { name: 'AccessDenied' });
    await expect(sweep(sqsWith({ [A]: DEAD }, () => Promise.reject(denied)))).rejects.toBe(denied);
  });
});
