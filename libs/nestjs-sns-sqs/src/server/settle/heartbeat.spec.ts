import { jest } from '@jest/globals';
import { succeeded } from '../../../test/scripted-queue.js';
import type { HeldClaim } from '../../inbox/held-claim.js';
import type { BatchResult, SqsWire } from '../../interfaces/wire.interface.js';
import { Delivery } from '../delivery.js';
import { Heartbeat } from './heartbeat.js';

type RenewClaims = (deliveries: readonly Delivery[]) => Promise<Delivery[]>;
type ChangeVisibility = SqsWire['changeVisibilityBatch'];

const allWell: ChangeVisibility = (_, entries) => succeeded(entries);
const failing =
  (code: string): ChangeVisibility =>
  (_, entries) =>
    Promise.resolve<BatchResult>({
      successful: [],
      failed: entries.map(({ id }) => ({ id, code, message: 'so says SQS', senderFault: true })),
    });

/** A heartbeat of leases of 30 s: it ticks every 10 s. */
function heartbeatOver(answer: ChangeVisibility, visibilityTimeoutSeconds = 30, renewClaims?: RenewClaims) {
  const changeVisibilityBatch = jest.fn(answer);
  const warn = jest.fn<(text: string) => void>();
  const heartbeat = new Heartbeat({
    queueUrl: 'url',
    queueName: 'q',
    wire: { changeVisibilityBatch } as unknown as SqsWire,
    visibilityTimeoutSeconds,
    logger: { warn },
    renewClaims,
  });
  const hold = (id = 'm') => {
    const delivery = new Delivery(
      { MessageId: id, ReceiptHandle: `handle of ${id}` },
      performance.now(),
      performance.now() + visibilityTimeoutSeconds * 1000,
    );
    heartbeat.track(delivery);
    return delivery;
  };
  return { heartbeat, changeVisibilityBatch, warn, hold };
}

const pass = (seconds: number) => jest.advanceTimersByTimeAsync(seconds * 1000);

describe('Heartbeat', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('extends a lease after a third of the visibility timeout, and again and again', async () => {
    const { changeVisibilityBatch, hold } = heartbeatOver(allWell);
    const delivery = hold();
    await pass(9.9);
    expect(changeVisibilityBatch).not.toHaveBeenCalled();
    await pass(0.1);
    expect(changeVisibilityBatch.mock.calls).toEqual([
      ['url', [{ id: '0', receiptHandle: 'handle of m', visibilityTimeoutSeconds: 30 }]],
    ]);
    expect(delivery.leaseEndsAt).toBe(performance.now() + 30_000);
    await pass(90);
    expect(delivery.leaseLost).toBe(false);
    expect(delivery.leaseEndsAt).toBeGreaterThan(performance.now());
  });

  it('tells little of leases that SQS refuses to extend for an hour', async () => {
    const { warn, hold } = heartbeatOver(() => Promise.reject(new Error('Rate exceeded')));
    for (let minute = 0; minute < 60; minute += 1) {
      for (let at = 0; at < 20; at += 1) hold(`m-${minute}-${at}`);
      await pass(60);
    }
    const lines = warn.mock.calls.map(([text]) => text);
    expect(lines.filter(text => text.includes('could not extend')).length).toBeLessThanOrEqual(300);
    expect(lines.filter(text => text.includes('lost the lease')).length).toBeLessThanOrEqual(300);
    expect(lines.at(-1)).toMatch(/lost the lease of message m-59-\d+/);
  });

  it('extends ten leases in one call', async () => {
    const { changeVisibilityBatch, hold } = heartbeatOver(allWell);
    for (let at = 0; at < 23; at += 1) hold(`m-${at}`);
    await pass(10);
    expect(changeVisibilityBatch.mock.calls.map(([, entries]) => entries.length)).toEqual([10, 10, 3]);
  });

  it('leaves a fresh lease for the next tick', async () => {
    const { changeVisibilityBatch, hold } = heartbeatOver(allWell);
    hold('old');
    await pass(9);
    hold('fresh');
    await pass(1);
    expect(changeVisibilityBatch.mock.calls[0]?.[1].map(({ receiptHandle }) => receiptHandle)).toEqual([
      'handle of old',
    ]);
  });

  it("never asks for more than AWS's 12 hours from the receive, and loses the lease when they are over", async () => {
    const { changeVisibilityBatch, hold } = heartbeatOver(allWell, 30_000);
    const delivery = hold();
    await pass(20_000);
    expect(changeVisibilityBatch.mock.calls.map(([, [entry]]) => entry?.visibilityTimeoutSeconds)).toEqual([
      30_000, 23_199,
    ]);
    await pass(20_000);
    expect(changeVisibilityBatch).toHaveBeenCalledTimes(2);
    expect(delivery.leaseLost).toBe(false);
    await pass(10_000);
    expect(delivery.leaseLost).toBe(true);
    expect(delivery.signal.reason).toEqual(
      new Error('the lease of message m is lost: SQS extends none beyond 12 h from the receive'),
    );
    expect(changeVisibilityBatch).toHaveBeenCalledTimes(2);
  });

  it('extends nothing that was released, and has no timer after a tick with nothing held', async () => {
    const { heartbeat, changeVisibilityBatch, hold } = heartbeatOver(allWell);
    heartbeat.untrack(hold());
    expect(heartbeat.size).toBe(0);
    await pass(10);
    expect(jest.getTimerCount()).toBe(0);
    await pass(50);
    expect(changeVisibilityBatch).not.toHaveBeenCalled();
  });

  it('begins again with what is held after such a tick', async () => {
    const { heartbeat, changeVisibilityBatch, hold } = heartbeatOver(allWell);
    heartbeat.untrack(hold());
    await pass(10);
    hold();
    await pass(20);
    expect(changeVisibilityBatch).toHaveBeenCalled();
  });

  it.each(['ReceiptHandleIsInvalid', 'MessageNotInflight', 'InvalidParameterValue'])(
    'tells the handler to stop when SQS answers %s',
    async code => {
      const { heartbeat, warn, hold } = heartbeatOver(failing(code));
      const delivery = hold();
      await pass(10);
      expect(delivery.leaseLost).toBe(true);
      expect(delivery.signal.reason).toEqual(new Error('the lease of message m is lost: so says SQS'));
      expect(heartbeat.size).toBe(0);
      expect(warn).toHaveBeenCalledWith('q: lost the lease of message m: so says SQS');
    },
  );

  it('keeps a lease that SQS failed to extend for a reason of its own, and lets it be extended later', async () => {
    const { changeVisibilityBatch, hold } = heartbeatOver(allWell);
    changeVisibilityBatch.mockImplementationOnce(failing('InternalError'));
    const delivery = hold();
    await pass(10);
    expect(delivery.leaseLost).toBe(false);
    await pass(2.5);
    expect(delivery.leaseEndsAt).toBe(performance.now() + 30_000);
  });

  it('loses a lease only when every tick of its time has failed', async () => {
    const { warn, hold } = heartbeatOver(() => Promise.reject(new Error('no route')));
    const delivery = hold();
    await pass(20);
    expect(delivery.leaseLost).toBe(false);
    expect(warn).toHaveBeenCalledWith('q: could not extend 1 lease(s): no route');
    await pass(10);
    expect(delivery.leaseLost).toBe(true);
    expect(delivery.signal.aborted).toBe(true);
  });

  it('tries what failed again after a twelfth of the visibility timeout: a third would be too late', async () => {
    const { changeVisibilityBatch, hold } = heartbeatOver(allWell);
    hold('old');
    await pass(5);
    const delivery = hold();
    await pass(5);
    // Its lease ends at 35 s: ticks at 20 and 30 fail, the next would be at 40.
    changeVisibilityBatch.mockImplementation(failing('InternalError'));
    await pass(20);
    changeVisibilityBatch.mockImplementation(allWell);
    await pass(2.5);
    expect(delivery.leaseEndsAt).toBe(performance.now() + 30_000);
    await pass(2.5);
    expect(delivery.leaseLost).toBe(false);
    const calls = changeVisibilityBatch.mock.calls.length;
    await pass(4);
    expect(changeVisibilityBatch).toHaveBeenCalledTimes(calls);
  });

  it('tries claims that could not be renewed again as soon, and no longer when they are', async () => {
    const claim = { leaseEndsAt: performance.now() + 15_000 } as HeldClaim;
    const renewClaims = jest.fn<RenewClaims>(() => Promise.resolve([]));
    const { hold, heartbeat } = heartbeatOver(allWell, 30, renewClaims);
    hold().claim = claim;
    await pass(12.5);
    expect(renewClaims).toHaveBeenCalledTimes(2);
    renewClaims.mockImplementation(() => {
      claim.leaseEndsAt = performance.now() + 30_000;
      return Promise.resolve([]);
    });
    await pass(2.5);
    expect(renewClaims).toHaveBeenCalledTimes(3);
    await pass(4);
    expect(renewClaims).toHaveBeenCalledTimes(3);
    heartbeat.stop();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('has no timer once it is stopped, though what failed comes to its end only then', async () => {
    let fail: (error: Error) => void = () => undefined;
    const { hold, heartbeat } = heartbeatOver(() => new Promise((_, reject) => (fail = reject)));
    hold();
    await pass(10);
    heartbeat.stop();
    fail(new Error('no route'));
    await pass(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('extends no more what is lost while its copy goes to the dead letter queue, and keeps its claim', async () => {
    const renewClaims = jest.fn<RenewClaims>(() => Promise.resolve([]));
    const { changeVisibilityBatch, hold } = heartbeatOver(failing('MessageNotInflight'), 30, renewClaims);
    const delivery = hold();
    delivery.claim = { leaseEndsAt: 0 } as HeldClaim;
    delivery.claimSettlement();
    await pass(60);
    expect(changeVisibilityBatch).toHaveBeenCalledTimes(1);
    expect(renewClaims.mock.calls.length).toBeGreaterThan(3);
    expect(delivery.leaseLost).toBe(false);
  });

  it('does not disturb what was settled while its lease was being extended', async () => {
    const { warn, hold } = heartbeatOver(failing('ReceiptHandleIsInvalid'));
    const delivery = hold();
    delivery.claimSettlement();
    await pass(10);
    expect(delivery.signal.aborted).toBe(false);
    expect(warn).not.toHaveBeenCalled();
  });
});
