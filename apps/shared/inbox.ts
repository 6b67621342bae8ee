import type { InboxOptions } from 'nestjs-sns-sqs';
import { RedisInboxStore } from 'nestjs-sns-sqs/redis';

/** One inbox for all processes where `REDIS_URL` names a Redis; otherwise each has its own, in memory. */
export function inbox(): InboxOptions {
  const url = process.env['REDIS_URL'];
  return url ? { store: new RedisInboxStore({ url }) } : {};
}
