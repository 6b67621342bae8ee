// A consumer with limits that all processes share, by a queue and by a key, in a process of its own. Tells its parent each
// message that it has handled, and for how long it was held up by the machine, by one JSON object a line.
import 'reflect-metadata';
import * as module from 'node:module';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { OnDomainEvent, ServerSQS, type InboxStore, type ServerSQSOptions } from 'nestjs-sns-sqs';
import pg from 'pg';

interface Argument {
  options: ServerSQSOptions;
  store: { redis: string } | { postgres: string };
  limit: { messages: number; perSeconds: number };
}

const TICK_MS = 100;
const { options, store, limit } = JSON.parse(process.argv[2] ?? '') as Argument;
/** Nanoseconds of the machine's monotonic clock, which all of its processes share. */
const tell = (fact: object): void =>
  void process.stdout.write(`${JSON.stringify({ ...fact, at: String(process.hrtime.bigint()) })}\n`);

@Controller()
class Calls {
  @OnDomainEvent('call.made', {
    from: 'phones',
    useCase: 'by-key',
    rateLimit: { ...limit, shared: true, key: (_, data) => (data as { tenant: string }).tenant },
  })
  byKey(@Payload() { tenant }: { tenant: string }): void {
    tell({ handled: tenant });
  }

  @OnDomainEvent('call.made', { from: 'phones', useCase: 'by-queue', rateLimit: { ...limit, shared: true } })
  byQueue(): void {
    tell({ handled: 'queue' });
  }
}

@Module({ controllers: [Calls] })
class CallsModule {}

// Whoever started it is gone.
process.stdin.on('end', () => process.exit(1)).resume();

async function open(): Promise<InboxStore> {
  if ('redis' in store) {
    const { RedisInboxStore } = await import('nestjs-sns-sqs/redis');
    return new RedisInboxStore({ url: store.redis, prefix: options.prefix ?? '' });
  }
  const { PostgresInboxStore } = await import('nestjs-sns-sqs/postgres');
  return new PostgresInboxStore({ pool: new pg.Pool({ connectionString: store.postgres }) });
}

let tickedAt = performance.now();
setInterval(() => {
  const late = performance.now() - tickedAt - TICK_MS;
  tickedAt += late + TICK_MS;
  if (late > TICK_MS) tell({ heldUpMs: late });
}, TICK_MS);

const strategy = new ServerSQS({ ...options, inbox: { store: await open() } });
const app = await NestFactory.createMicroservice<MicroserviceOptions>(CallsModule, { strategy, logger: ['error'] });
await app.listen();
tell({ listening: process.pid });
(module as Partial<typeof module>).flushCompileCache?.();
