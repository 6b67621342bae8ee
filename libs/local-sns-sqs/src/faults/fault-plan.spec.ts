import { FaultPlan, type FaultCall, type FaultRule } from './fault-plan.js';

const call = (operation: string, resource?: string): FaultCall => ({ operation, resource, input: {} });
const THROTTLE = { kind: 'throttle' } as const;

function planOf(rule: Omit<FaultRule, 'effect'>, random = () => 0) {
  let now = 1_000;
  const plan = new FaultPlan(() => now, random);
  const remove = plan.add({ effect: THROTTLE, ...rule });
  const hits = (operation: string, resource?: string): boolean => plan.decide(call(operation, resource)) !== undefined;
  return { plan, remove, hits, at: (time: number) => (now = time) };
}

describe('FaultPlan', () => {
  it('chooses by operation, exactly or by pattern, and by resource', () => {
    const exact = planOf({ operation: 'sqs.SendMessage', resource: 'q' });
    expect(exact.hits('sqs.SendMessage', 'q')).toBe(true);
    expect(exact.hits('sqs.SendMessage', 'other')).toBe(false);
    expect(exact.hits('sqs.ReceiveMessage', 'q')).toBe(false);
    const pattern = planOf({ operation: /Batch$/ });
    expect(pattern.hits('sqs.DeleteMessageBatch')).toBe(true);
    expect(pattern.hits('sns.Publish')).toBe(false);
  });

  it('chooses by number of the matching call, and ends after so many', () => {
    const numbered = planOf({ operation: 'a', calls: [2, 3] });
    numbered.hits('b');
    expect([1, 2, 3, 4].map(() => numbered.hits('a'))).toEqual([false, true, true, false]);
    const thrice = planOf({ times: 3 });
    expect([1, 2, 3, 4].map(() => thrice.hits('a'))).toEqual([true, true, true, false]);
  });

  it('chooses by time and by predicate', () => {
    const timed = planOf({ from: 2_000, until: 3_000 });
    expect(timed.hits('a')).toBe(false);
    timed.at(2_000);
    expect(timed.hits('a')).toBe(true);
    timed.at(3_000);
    expect(timed.hits('a')).toBe(false);
    const asked = planOf({ when: ({ operation }) => operation.length > 3 });
    expect([asked.hits('abc'), asked.hits('abcd')]).toEqual([false, true]);
  });

  it('chooses by the age of the queue that a call names, and lets it be made', () => {
    const { plan } = planOf({ queueYoungerThanMs: 1_000 });
    const hit = (operation: string, queueAgeMs?: number): boolean =>
      plan.decide({ ...call(operation, 'q'), queueAgeMs }) !== undefined;
    expect([0, 999, 1_000].map(age => hit('sqs.GetQueueUrl', age))).toEqual([true, true, false]);
    expect([hit('sqs.GetQueueUrl'), hit('sqs.CreateQueue', 0)]).toEqual([false, false]);
  });

  it('draws by rate from its own luck', () => {
    const drawn = [0.1, 0.6, 0.2];
    const { hits } = planOf({ rate: 0.5 }, () => drawn.shift() ?? 1);
    expect([1, 2, 3, 4].map(() => hits('a'))).toEqual([true, false, true, false]);
  });

  it('passes over calls for which its effect makes no sense', () => {
    const plan = new FaultPlan(
      () => 0,
      () => 0,
    );
    plan.add({ effect: { kind: 'duplicate' } });
    plan.add({ effect: { kind: 'half-batch' } });
    plan.add({ effect: { kind: 'stale-delete' } });
    const operations = ['sns.Publish', 'sqs.ReceiveMessage', 'sqs.SendMessageBatch', 'sqs.DeleteMessage'];
    expect(operations.map(operation => plan.decide(call(operation))?.kind)).toEqual([
      undefined,
      'duplicate',
      'half-batch',
      'stale-delete',
    ]);
  });

  it('replays what another run has done, to the calls of the same numbers', () => {
    const draws = [0.1, 0.9, 0.2, 0.8];
    const { plan, hits } = planOf({ rate: 0.5 }, () => draws.shift() ?? 1);
    const first = ['a', 'b', 'a', 'b'].map(operation => hits(operation));
    const again = new FaultPlan(
      () => 0,
      () => 1,
    );
    again.replay(JSON.parse(JSON.stringify(plan.done)) as typeof plan.done);
    expect(['a', 'b', 'a', 'b'].map(operation => again.decide(call(operation)) !== undefined)).toEqual(first);
    expect(first).toEqual([true, false, true, false]);
  });

  it('writes down what it did, and stops when told to', () => {
    const { plan, remove, hits } = planOf({ operation: 'a' });
    hits('b');
    hits('a');
    expect(plan.done).toEqual([{ at: 1_000, call: 2, operation: 'a', resource: undefined, effect: THROTTLE }]);
    remove();
    expect(hits('a')).toBe(false);
    plan.clear();
    expect(plan.done).toEqual([]);
  });
});
