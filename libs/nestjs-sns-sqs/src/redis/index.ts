/**
 * The inbox in Redis.
 * @packageDocumentation
 */

export { RedisInboxStore, type RedisInboxStoreOptions } from '../inbox/redis-inbox-store.js';
