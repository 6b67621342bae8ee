import { NOW, script } from './redis-script.js';

/** KEYS: a bucket. ARGV: messages per millisecond, most, wanted, how long it is kept. Gives what is granted, and when there is one more. */
export const TAKE_RATE = script(
  NOW,
  `
local rate, most, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call('HMGET', KEYS[1], 'n', 't')
local filled = tonumber(known[1] or most)
-- A failover to a clock that is behind takes nothing away.
filled = math.min(most, filled + math.max(0, now - tonumber(known[2] or now)) * rate)
-- Of an older version of the library, which does not say.
filled = filled - tonumber(ARGV[5] or 0)
local granted = math.max(0, math.min(wanted, math.floor(filled)))
filled = filled - granted
redis.call('HSET', KEYS[1], 'n', string.format('%.9f', filled), 't', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {granted, math.max(0, math.ceil((1 - filled) / rate))}`,
);

/**
 * KEYS: the bucket of a key, as in `turn-bucket.ts`: `n` filled at `t`, ends of the lines `l` and `a`. ARGV:
 * rate and most, 1 if it has waited, after how long a line is broken. Gives 0, or after how many milliseconds it comes again.
 */
export const TAKE_TURN = script(
  NOW,
  `
local rate, most, waited = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1'
local known = redis.call('HMGET', KEYS[1], 'n', 't', 'l', 'a')
local n, t = tonumber(known[1] or most), tonumber(known[2] or now)
local line, again = tonumber(known[3] or 0), tonumber(known[4] or 0)
local filled = n + math.max(0, now - t) * rate
local broken = (filled - most) / rate >= tonumber(ARGV[4])
local wait = 0
if filled >= 1 and (waited or broken or (line <= now and again <= now)) then
  if broken then line, again = 0, 0 end
  n, t = math.min(most, filled) - 1, now
else
  local empty = now - math.min(most, filled) / rate
  if waited then
    again = math.max(again, empty) + 1 / rate
    wait = again - now
  else
    line = math.max(line, again, empty) + 1 / rate
    wait = line - now
  end
  -- 0 lets it run, and the sum may have been rounded.
  wait = math.max(1, wait)
end
redis.call('HSET', KEYS[1], 'n', string.format('%.9f', n), 't', string.format('%.0f', t),
  'l', string.format('%.3f', line), 'a', string.format('%.3f', again))
-- After that it is as good as a new one, and a broken line is known for long.
local keep = math.max(t + (most - n) / rate, line, again) - now
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil(keep) + 60000))
return math.ceil(wait)`,
);

/** KEYS: a set. ARGV: a queue, 1 or 0. */
export const SET_PAUSED = script(`
if ARGV[2] == '1' then return redis.call('SADD', KEYS[1], ARGV[1]) end
return redis.call('SREM', KEYS[1], ARGV[1])`);

/** KEYS: a set. */
export const PAUSED_QUEUES = script(`return redis.call('SMEMBERS', KEYS[1])`);
