import { CoreDriver, refusalCode, SECOND } from '../../../test/core-driver.js';

/** SQS Developer Guide: sqs-delay-queues and sqs-message-timers. */
describe('delays (sqs-delay-queues, sqs-message-timers)', () => {
  let core: CoreDriver;

  beforeEach(() => {
    core = new CoreDriver();
  });

  it('hide a message that is sent with one until it is over (sqs-message-timers)', () => {
    const queue = core.createQueue('q');
    core.send(queue, 'a', { DelaySeconds: 10 });
    core.advance(10 * SECOND - 1);
    expect(core.bodies(queue)).toEqual([]);
    core.advance(1);
    expect(core.bodies(queue)).toEqual(['a']);
  });

  it("come from the queue when the message has none, and the message's wins, 0 included (sqs-delay-queues)", () => {
    const queue = core.createQueue('q', { DelaySeconds: '60' });
    core.send(queue, "the queue's");
    core.send(queue, 'own', { DelaySeconds: 5 });
    core.send(queue, 'none', { DelaySeconds: 0 });
    expect(core.bodies(queue)).toEqual(['none']);
    core.advance(5 * SECOND);
    expect(core.bodies(queue)).toEqual(['own']);
    core.advance(55 * SECOND);
    expect(core.bodies(queue)).toContain("the queue's");
  });

  it('of a standard queue stay with messages that are in it when the queue is changed (sqs-delay-queues)', () => {
    const queue = core.createQueue('q', { DelaySeconds: '60' });
    core.send(queue, 'before');
    core.setAttributes(queue, { DelaySeconds: '0' });
    core.send(queue, 'after');
    expect(core.bodies(queue)).toEqual(['after']);
  });

  it('of a FIFO queue follow a change of the queue, for messages that are in it too (sqs-delay-queues)', () => {
    const queue = core.createQueue('q.fifo', { DelaySeconds: '60' });
    core.sendToGroup(queue, 'g', 'before');
    core.advance(5 * SECOND);
    core.setAttributes(queue, { DelaySeconds: '10' });
    expect(core.bodies(queue)).toEqual([]);
    core.advance(5 * SECOND);
    expect(core.bodies(queue)).toEqual(['before']);
  });

  it('are at most 15 minutes (sqs-message-timers)', () => {
    const queue = core.createQueue('q');
    for (const DelaySeconds of [-1, 901]) {
      expect(refusalCode(() => core.send(queue, 'a', { DelaySeconds }))).toBe('InvalidParameterValue');
    }
    core.send(queue, 'a', { DelaySeconds: 900 });
    core.advance(900 * SECOND);
    expect(core.bodies(queue)).toEqual(['a']);
  });

  it('of single messages are refused on FIFO queues (sqs-message-timers)', () => {
    const queue = core.createQueue('q.fifo');
    const fifo = { MessageGroupId: 'g', MessageDeduplicationId: 'd' };
    expect(refusalCode(() => core.send(queue, 'a', { ...fifo, DelaySeconds: 1 }))).toBe('InvalidParameterValue');
  });

  it('of a FIFO queue hold back all its messages, in order (sqs-delay-queues)', () => {
    const queue = core.createQueue('q.fifo', { DelaySeconds: '10' });
    core.sendToGroup(queue, 'g', 'a');
    core.advance(SECOND);
    core.sendToGroup(queue, 'g', 'b');
    expect(core.bodies(queue)).toEqual([]);
    core.advance(10 * SECOND);
    expect(core.bodies(queue)).toEqual(['a', 'b']);
  });
});
