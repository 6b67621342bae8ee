// What the inbox costs: memory of done events, and CPU, calls and time per message, in memory and in Redis.
// REDIS_URL names a Redis that is empty and may be filled: its database 0 is flushed. --events: how many.
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { eventKey, newToken } from '#lib/inbox/inbox-key.js';
import { MemoryInboxStore } from '#lib/inbox/memory-inbox-store.js';
import { RedisInboxStore } from '#lib/redis/index.js';

const { values } = parseArgs({ options: { events: { type: 'string', default: '200000' } } });
const events = Number(values.events);
const AT_ONCE = 100;
const WEEK_MS = 7 * 86_400_000;
const queue = 'send-email-on-user-registered';

/** One message's way: claim, and done. */
async function handle(store, position) {
  const key = eventKey({ source: 'users', id: crypto.randomUUID() });
  const claim = { queue, key, token: newToken(), ...(position && { subject: `.${position % 1_000}` }) };
  await store.claim(claim, 30_000);
  await store.done(claim, { rememberForMs: WEEK_MS, ...(position && { position: String(position) }) });
}

async function measure(store, isOrdered) {
  for (let n = 0; n < 2_000; n += 1) await handle(store);
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < events) await handle(store, isOrdered ? (next += 1) : void (next += 1));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const ms = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  return { us: (user + system) / events, perSecond: (events / ms) * 1000 };
}

const answers = store =>
  store.ping().then(
    () => true,
    () => false,
  );

async function untilReady(store) {
  while (!(await answers(store))) await setTimeout(10);
}

const mib = bytes => (bytes / 1_048_576).toFixed(1);
const say = (what, { us, perSecond }, more) =>
  console.log(`${what}: ${us.toFixed(1)} µs of CPU per message, ${Math.round(perSecond)} messages/s${more}`);

globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
const memory = new MemoryInboxStore({ maxEntries: events });
say('memory', await measure(memory), '');
globalThis.gc?.();
const bytes = (process.memoryUsage().heapUsed - before) / memory.size;
console.log(`memory: ${Math.round(bytes)} bytes per event, ${mib(bytes * 1e6)} MiB per million`);

if (!process.env.REDIS_URL) console.log('redis: left out, since REDIS_URL is not set');
else {
  const redis = new Redis(process.env.REDIS_URL);
  const of = async name => Number(new RegExp(`${name}:(\\d+)`).exec(await redis.info())?.[1]);
  for (const isOrdered of [false, true]) {
    await redis.flushdb();
    const store = new RedisInboxStore({ url: process.env.REDIS_URL });
    await untilReady(store);
    const [used, calls, cpu] = [await of('used_memory'), await of('total_commands_processed'), await redis.info('cpu')];
    const result = await measure(store, isOrdered);
    const seconds = text =>
      Number(/used_cpu_user:([\d.]+)/.exec(text)?.[1]) + Number(/used_cpu_sys:([\d.]+)/.exec(text)?.[1]);
    const redisUs = ((seconds(await redis.info('cpu')) - seconds(cpu)) * 1e6) / events;
    const each = ((await of('used_memory')) - used) / events;
    const evals = ((await of('total_commands_processed')) - calls) / events;
    say(isOrdered ? 'redis, in order' : 'redis', result, `, ${redisUs.toFixed(1)} µs of Redis's`);
    console.log(
      `  ${Math.round(each)} bytes per event, ${mib(each * 1e6)} MiB per million; ${evals.toFixed(2)} commands, those inside scripts counted`,
    );
    store.close();
  }
  redis.disconnect();
}
