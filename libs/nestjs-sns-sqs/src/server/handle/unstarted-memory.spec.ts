import { Delivery } from '../delivery.js';
import { UnstartedMemory } from './unstarted-memory.js';

const received = (messageId: string, times: number) =>
  new Delivery({ MessageId: messageId, Attributes: { ApproximateReceiveCount: String(times) } }, 0, 0);

describe('UnstartedMemory', () => {
  it('counts every receive of an unknown message as an attempt', () => {
    expect(new UnstartedMemory().attemptOf(received('a', 3))).toBe(3);
  });

  it('does not count receives that were given back unstarted', () => {
    const memory = new UnstartedMemory();
    memory.note('a');
    memory.note('a');
    expect(memory.attemptOf(received('a', 3))).toBe(1);
    expect(memory.attemptOf(received('b', 3))).toBe(3);
  });

  it('never gives an attempt before the first', () => {
    const memory = new UnstartedMemory();
    for (let times = 0; times < 5; times += 1) memory.note('a');
    expect(memory.attemptOf(received('a', 2))).toBe(1);
  });

  it('forgets a message that is settled', () => {
    const memory = new UnstartedMemory();
    memory.note('a');
    memory.forget('a');
    expect(memory.attemptOf(received('a', 2))).toBe(2);
  });

  it('remembers ten thousand messages, and forgets the one that was noted longest ago', () => {
    const memory = new UnstartedMemory();
    memory.note('first');
    memory.note('second');
    memory.note('first');
    for (let at = 0; at < 9_999; at += 1) memory.note(String(at));
    expect(memory.attemptOf(received('second', 2))).toBe(2);
    expect(memory.attemptOf(received('first', 3))).toBe(1);
  });
});
