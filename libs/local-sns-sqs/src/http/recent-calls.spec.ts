import { RecentCalls } from './recent-calls.js';

describe('RecentCalls', () => {
  it('lists the latest 200, the latest first', () => {
    const recent = new RecentCalls();
    for (let call = 1; call <= 450; call += 1) recent.note(call, `sqs.Call${call}`, 'q', 200, 1);
    const list = recent.list();
    expect(list).toHaveLength(200);
    expect([list[0]?.at, list.at(-1)?.at]).toEqual([450, 251]);
    recent.clear();
    expect(recent.list()).toEqual([]);
    recent.note(1, 'sqs.SendMessage', 'q', 200, 1);
    expect(recent.list()).toEqual([{ at: 1, operation: 'sqs.SendMessage', resource: 'q', status: 200, ms: 1 }]);
  });
});
