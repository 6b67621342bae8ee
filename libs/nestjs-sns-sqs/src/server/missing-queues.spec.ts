import { jest } from '@jest/globals';
import type { SqsWire } from '../interfaces/wire.interface.js';
import { noticingMissingQueues } from './missing-queues.js';

describe('noticingMissingQueues', () => {
  const over = (sendBatch: SqsWire['sendBatch']) => {
    const onMissing = jest.fn();
    return { onMissing, wire: noticingMissingQueues({ sendBatch } as SqsWire, onMissing) };
  };

  it('notices that a copy has no dead-letter queue to go to', async () => {
    const missing = Object.assign(new Error('gone'), { name: 'QueueDoesNotExist' });
    const { wire, onMissing } = over(() => Promise.reject(missing));
    await expect(wire.sendBatch('url', [])).rejects.toBe(missing);
    expect(onMissing).toHaveBeenCalledTimes(1);
  });

  it('takes no other failure for it', async () => {
    const { wire, onMissing } = over(() => Promise.reject(new Error('other')));
    await expect(wire.sendBatch('url', [])).rejects.toThrow('other');
    expect(onMissing).not.toHaveBeenCalled();
  });
});
