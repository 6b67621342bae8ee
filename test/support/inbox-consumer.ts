// A consumer with an inbox in Redis, in a process of its own, for tests that kill it. Tells its parent each effect, and
// each event that was settled, by one JSON object a line.
import 'reflect-metadata';
import * as module from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { subscribe } from 'node:diagnostics_channel';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, type MicroserviceOptions } from '@nestjs/microservices';
import { OnDomainEvent, ServerSQS, SqsContext, type ServerSQSOptions, type SettledEvent } from 'nestjs-sns-sqs';
import { RedisInboxStore } from 'nestjs-sns-sqs/redis';

const { options, redisUrl } = JSON.parse(process.argv[2] ?? '') as { options: ServerSQSOptions; redisUrl: string };
const tell = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);
/** Nanoseconds of the machine's monotonic clock, which all of its processes share. */
const now = (): string => String(process.hrtime.bigint());

/** What has run and is not settled yet, by message. */
const running = new Map<string, { useCase: string; id: string }>();

@Controller()
class Consumer {
  @OnDomainEvent('account.changed', { from: 'accounts', useCase: 'count' })
  count(@Ctx() context: SqsContext): Promise<void> {
    return this.effect('count', context);
  }

  @OnDomainEvent('account.changed', { from: 'accounts', useCase: 'project', ordering: 'sequential', startAt: 1 })
  project(@Ctx() context: SqsContext): Promise<void> {
    return this.effect('project', context);
  }

  private async effect(useCase: string, context: SqsContext): Promise<void> {
    const { id, subject, sequence } = context.getMetadata();
    await pause(5);
    running.set(context.getMessage().MessageId ?? '', { useCase, id });
    tell({ effect: useCase, id, subject, sequence: Number(sequence), at: now() });
  }
}

subscribe('nestjs-sns-sqs:settled', message => {
  const { messageId, outcome } = message as SettledEvent;
  const ran = running.get(messageId);
  running.delete(messageId);
  if (ran) tell({ settled: ran.useCase, id: ran.id, outcome });
});

@Module({ controllers: [Consumer] })
class ConsumerModule {}

// Whoever started it is gone.
process.stdin.on('end', () => process.exit(1)).resume();

const strategy = new ServerSQS({ ...options, inbox: { store: new RedisInboxStore({ url: redisUrl }) } });
const app = await NestFactory.createMicroservice<MicroserviceOptions>(ConsumerModule, { strategy, logger: ['error'] });
app.enableShutdownHooks();
await app.listen();
tell({ listening: process.pid });
// One that is killed would keep it to itself. Of Node 22.10 and newer.
(module as Partial<typeof module>).flushCompileCache?.();
