import { createHash } from 'node:crypto';

/** Redis's own time, in milliseconds: no client's clock counts. */
export const NOW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)`;

export interface RedisScript {
  text: string;
  sha: string;
}

/** Parts of Lua, in order. */
export const script = (...parts: string[]): RedisScript => {
  const text = parts.join('\n');
  return { text, sha: createHash('sha1').update(text).digest('hex') };
};
