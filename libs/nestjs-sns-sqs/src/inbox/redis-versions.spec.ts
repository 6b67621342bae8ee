import { describeWithRedis, hasRedis, RedisServer } from '../../../../test/support/redis-server.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import type { InboxClaim } from '../interfaces/inbox-store.interface.js';
import { newToken } from './inbox-key.js';
import { RedisInboxStore } from './redis-inbox-store.js';

const LONG_MS = 60_000;
const KEY = 'inbox:{q}:e:.a';

/** As versions claimed that knew no first attempt. ARGV: token, lease, how long the record is kept. */
const CLAIM_BEFORE = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local record = redis.call('GET', KEYS[1])
local attempts = 0
local status = 'claimed'
if record then
  local state = string.sub(record, 1, 1)
  if state == 'd' then return {'done'} end
  if state == 'r' then attempts = tonumber(string.sub(record, 2)) end
  if state == 'c' then
    local n, ends, token = string.match(record, '^c(%d+):(%d+):(.*)$')
    attempts = tonumber(n)
    if token == ARGV[1] then attempts = attempts - 1
    elseif tonumber(ends) > now then return {'in-work', tonumber(ends) - now}
    else status = 'taken-over' end
  elseif state ~= 'r' then return redis.error_reply('BROKENRECORD ' .. KEYS[1] .. ' has no record of an event') end
end
redis.call('SET', KEYS[1], 'c' .. attempts + 1 .. ':' .. string.format('%.0f', now + tonumber(ARGV[2])) .. ':' .. ARGV[1], 'PX', ARGV[3])
return {status, attempts + 1}`;

const claimOf = (): InboxClaim => ({ queue: 'q', key: '.a', token: newToken() });

describeWithRedis('RedisInboxStore beside a version that knows no first attempt', () => {
  let server: RedisServer;
  let store: RedisInboxStore;
  const claimBefore = (leaseMs = LONG_MS): Promise<unknown> =>
    server.client.eval(CLAIM_BEFORE, 1, KEY, newToken(), leaseMs, LONG_MS);

  beforeAll(async () => {
    if (!hasRedis) return;
    server = await RedisServer.start();
    store = new RedisInboxStore({ url: server.url });
    await waitFor('the store to answer', () =>
      store.ping().then(
        () => true,
        () => false,
      ),
    );
  }, 30_000);
  beforeEach(() => server.client.flushall());
  afterAll(async () => {
    store?.close();
    await server?.stop();
  });

  it('is understood by it: claimed, released, taken over', async () => {
    for (const attempt of [1, 2, 3]) {
      const mine = claimOf();
      expect(await store.claim(mine, LONG_MS)).toMatchObject({ status: 'claimed', attempt });
      expect(await claimBefore()).toEqual(['in-work', expect.any(Number)]);
      await store.release(mine, 'failed');
    }
    expect(await claimBefore(0)).toEqual(['claimed', 4]);
    const next = claimOf();
    expect(await store.claim(next, 1)).toMatchObject({ attempt: 5, isTakenOver: true });
    await waitFor('the lease to end', async () => (await store.claim(claimOf(), 1)).status === 'claimed');
    await waitFor('the lease to end', async () => String(await claimBefore()) === 'taken-over,7');
  });

  it('understands it, and counts the time from when it reads a record without one', async () => {
    await server.client.set(KEY, 'r12');
    const mine = claimOf();
    expect(await store.claim(mine, LONG_MS)).toEqual({ status: 'claimed', attempt: 13, sinceFirstMs: 0 });
    await store.release(mine, 'failed');
    await server.client.set(KEY, 'c4:1:another');
    const result = await store.claim(claimOf(), LONG_MS);
    expect(result).toEqual({ status: 'claimed', attempt: 5, isTakenOver: true, sinceFirstMs: 0, deaths: 1 });
  });

  it.each(['rx', 'r', 'c1', 'c:1:token'])('tells a record that it cannot read: %s', async record => {
    await server.client.set(KEY, record);
    await expect(store.claim(claimOf(), LONG_MS)).rejects.toMatchObject({ code: 'INBOX_RECORD_BROKEN' });
  });

  it('is understood by it when a message was dead-lettered: its event is new', async () => {
    const mine = claimOf();
    await store.claim(mine, LONG_MS);
    await store.release(mine, 'dead-lettered');
    expect(await claimBefore()).toEqual(['claimed', 1]);
  });

  it('keeps nothing more in Redis than the one record', async () => {
    const mine = claimOf();
    await store.claim(mine, LONG_MS);
    await store.renew([mine], LONG_MS);
    await store.release(mine, 'failed');
    expect(await server.client.keys('*')).toEqual([KEY]);
    expect(await server.client.pttl(KEY)).toBeGreaterThan(0);
  });
});
