import { NOW, script } from './redis-script.js';

/**
 * An event's record is one text: `c<attempts>:<lease ends at>:<token>:<first attempt at>:<letter at>:<deaths>` claimed,
 * `r<attempts>.<20 zeros><first attempt at><letter at><deaths>` released, `d<token>` done. Its second and third times are
 * of 13 digits, zeros where there is none.
 * Scripts of a version that knows no first attempt read the same attempts: to them the first two are `c<attempts>:<lease ends at>:<another's token>`, and a number
 * whose fraction is too small to count. Their records have no first attempt. A subject's is a hash: `t` token and `u` end of the lease of who has it, `p` position; of a gap `s` since when,
 * `l` the lowest that waits, `n` when that was put off last; `b` when the event that is waited for comes again. Times are Redis's own, in milliseconds: no client's clock
 * counts. A lease is over by its time and not by a key that expires, so that whose claim it was stays known. KEYS are
 * the event's and, if the claim has one, the subject's.
 */

/** In place of a time. */
const NONE = `
local NONE = '0000000000000'`;

/** Whether the claim is still its token's (ARGV[1]). */
const HOLDS = `
local function holds()
  local record = redis.call('GET', KEYS[1])
  if not record or string.sub(record, 1, 1) ~= 'c' then return false end
  local n, ends, token, first, letter, deaths = string.match(record, '^c(%d+):(%d+):([^:]*):?(%d*):?(%d*):?(%d*)$')
  if token ~= ARGV[1] then return false end
  if KEYS[2] and redis.call('HGET', KEYS[2], 't') ~= ARGV[1] then return false end
  return tonumber(n), first, letter, deaths
end`;

/** All but the attempts are texts of digits. */
const CLAIMED = `
local function claimed(attempts, lease, first, letter, deaths)
  local ends = string.format('%.0f', now + tonumber(lease))
  return 'c' .. attempts .. ':' .. ends .. ':' .. ARGV[1] .. ':' .. first .. ':' .. letter .. ':' .. deaths
end`;

/** Keeps a subject's record `keep` from now at least: it is in use, and its event may come again. For ever stays so. */
const KEEP = `
local function keepSubject(keep)
  local left = redis.call('PTTL', KEYS[2])
  if left >= 0 and left < tonumber(keep) then redis.call('PEXPIRE', KEYS[2], keep) end
end`;

/** ARGV: token, lease, how long the record of an event is kept that is not done, and that of its subject. */
export const CLAIM = script(
  NOW,
  NONE,
  CLAIMED,
  KEEP,
  `
local record = redis.call('GET', KEYS[1])
local attempts, first, letter, deaths = 0, NONE, NONE, 0
local status = 'claimed'
if record then
  local state = string.sub(record, 1, 1)
  if state == 'd' then return {'done'} end
  if state == 'r' then
    local n, rest = string.match(record, '^r(%d+)%.?(%d*)$')
    attempts, first, letter = tonumber(n), string.sub(rest, 21, 33), string.sub(rest, 34, 46)
    deaths = tonumber(string.sub(rest, 47)) or 0
  end
  if state == 'c' then
    local n, ends, token, at, lettered, died = string.match(record, '^c(%d+):(%d+):([^:]*):?(%d*):?(%d*):?(%d*)$')
    attempts, first, letter, deaths = tonumber(n), at, lettered, tonumber(died) or 0
    if token == ARGV[1] then attempts = attempts - 1
    elseif tonumber(ends) > now then return {'in-work', tonumber(ends) - now}
    else
      status = 'taken-over'
      deaths = deaths + 1
    end
  elseif state ~= 'r' then return redis.error_reply('BROKENRECORD ' .. KEYS[1] .. ' has no record of an event') end
end
local answer = {status, attempts + 1}
-- Of a record without it the time begins now: the later the first attempt was, the longer the event is tried.
if first == '' or first == NONE then first = string.format('%.0f', now) end
if letter == '' then letter = NONE end
local s
if KEYS[2] then
  s = redis.call('HMGET', KEYS[2], 't', 'u', 'p', 's', 'l', 'n', 'b')
  if s[1] and s[1] ~= ARGV[1] and tonumber(s[2]) > now then return {'subject-in-work', tonumber(s[2]) - now} end
end
-- Before the subject's: a script that fails half-way is not undone, and the event's record says whom the claim belongs to.
redis.call('SET', KEYS[1], claimed(attempts + 1, ARGV[2], first, letter, deaths), 'PX', ARGV[3])
if s then
  redis.call('HSET', KEYS[2], 't', ARGV[1], 'u', string.format('%.0f', now + tonumber(ARGV[2])))
  if s[3] then keepSubject(ARGV[4]) else redis.call('PEXPIRE', KEYS[2], ARGV[4]) end
  answer[3] = s[3] or ''
  if s[4] then
    answer[4] = now - math.max(tonumber(s[4]), tonumber(s[7] or 0))
    answer[5] = s[5]
    answer[6] = now - tonumber(s[6])
  end
end
if attempts > 0 or letter ~= NONE then
  for at = 3, 6 do answer[at] = answer[at] or '' end
  answer[7] = now - tonumber(first)
  answer[8] = deaths
  if letter ~= NONE then answer[9] = now - tonumber(letter) end
end
return answer`,
);

/** ARGV: as those of CLAIM. */
export const RENEW = script(
  NOW,
  CLAIMED,
  KEEP,
  HOLDS,
  `
local attempts, first, letter, deaths = holds()
if not attempts then return 0 end
redis.call('SET', KEYS[1], claimed(attempts, ARGV[2], first, letter, deaths), 'PX', ARGV[3])
if not KEYS[2] then return 1 end
redis.call('HSET', KEYS[2], 'u', string.format('%.0f', now + tonumber(ARGV[2])))
keepSubject(ARGV[4])
return 1`,
);

/** ARGV: token, how long the event is remembered, position or '', how long that is remembered or '' for ever. */
export const DONE = script(
  HOLDS,
  `
if redis.call('GET', KEYS[1]) == 'd' .. ARGV[1] then return 1 end
if not holds() then return 0 end
redis.call('SET', KEYS[1], 'd' .. ARGV[1], 'PX', ARGV[2])
if not KEYS[2] then return 1 end
redis.call('HDEL', KEYS[2], 't', 'u')
if ARGV[3] ~= '' then
  redis.call('HDEL', KEYS[2], 's', 'l', 'n', 'b')
  redis.call('HSET', KEYS[2], 'p', ARGV[3])
end
if ARGV[3] == '' and redis.call('HEXISTS', KEYS[2], 's') == 1 then return 1 end
if ARGV[4] == '' then redis.call('PERSIST', KEYS[2]) else redis.call('PEXPIRE', KEYS[2], ARGV[4]) end
return 1`,
);

/**
 * ARGV: token, reason, sequence that is put off as the lowest or '', how long an event's record is kept, and a subject's,
 * in how long the event comes again or ''.
 */
export const RELEASE = script(
  NOW,
  NONE,
  KEEP,
  HOLDS,
  `
local attempts, first, letter, deaths = holds()
if not attempts then return 0 end
if ARGV[2] == 'unstarted' then attempts = attempts - 1 end
if ARGV[2] == 'dead-lettered' then attempts, letter = 0, string.format('%.0f', now) end
if attempts <= 0 then first, deaths = NONE, 0 end
if attempts <= 0 and letter == NONE then redis.call('DEL', KEYS[1])
else
  local record = 'r' .. attempts .. '.' .. string.rep('0', 20) .. first .. letter .. deaths
  redis.call('SET', KEYS[1], record, 'PX', ARGV[4])
end
if not KEYS[2] then return 1 end
redis.call('HDEL', KEYS[2], 't', 'u')
-- The one that is waited for is there, and comes again.
if ARGV[2] == 'failed' and redis.call('HEXISTS', KEYS[2], 's') == 1 then
  redis.call('HSET', KEYS[2], 's', string.format('%.0f', now))
end
if ARGV[6] ~= '' then
  redis.call('HSET', KEYS[2], 'b', string.format('%.0f', now + tonumber(ARGV[6])))
  if redis.call('HEXISTS', KEYS[2], 'p') == 0 then redis.call('PEXPIRE', KEYS[2], ARGV[5]) else keepSubject(ARGV[5]) end
end
if ARGV[3] == '' then return 1 end
local at = string.format('%.0f', now)
redis.call('HSET', KEYS[2], 'l', ARGV[3], 'n', at)
redis.call('HSETNX', KEYS[2], 's', at)
if redis.call('HEXISTS', KEYS[2], 'p') == 0 then redis.call('PEXPIRE', KEYS[2], ARGV[5]) else keepSubject(ARGV[5]) end
return 1`,
);

/**
 * Handles of those that wait at one place, the last few. KEYS: the place's, the event's and, if it has one, the
 * subject's. ARGV: handle, how long it serves, how many are kept. Answers whether the event and the subject are in work, and the position.
 */
export const PUT_OFF = script(
  NOW,
  `
local left = redis.call('PTTL', KEYS[1])
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], -tonumber(ARGV[3]), -1)
if left < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
local ends = string.match(redis.call('GET', KEYS[2]) or '', '^c%d+:(%d+):')
local answer = {(ends and tonumber(ends) > now) and 1 or 0, 0, ''}
if KEYS[3] then
  local s = redis.call('HMGET', KEYS[3], 't', 'u', 'p')
  if s[1] and tonumber(s[2]) > now then answer[2] = 1 end
  answer[3] = s[3] or ''
end
return answer`,
);

/** KEYS: the places'. */
export const CALL_IN = script(`
local handles = {}
for _, key in ipairs(KEYS) do
  for _, handle in ipairs(redis.call('LRANGE', key, 0, -1)) do handles[#handles + 1] = handle end
  if #handles > 0 then redis.call('DEL', key) end
end
return handles`);
