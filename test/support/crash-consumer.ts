// A consumer in a process of its own, for tests that kill it. Tells its parent what happens by one JSON object a line.
import 'reflect-metadata';
import * as module from 'node:module';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { OnCommand, OnDomainEvent, ServerSQS, SqsContext, type ServerSQSOptions } from 'nestjs-sns-sqs';

interface Work {
  n: number;
}

const { options, hang } = JSON.parse(process.argv[2] ?? '') as { options: ServerSQSOptions; hang: boolean };
const tell = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);
const forever = (): Promise<void> => new Promise(() => undefined);

@Controller()
class Consumer {
  @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
  event(@Payload() work: Work, @Ctx() context: SqsContext): Promise<void> {
    return this.handle('event', work, context);
  }

  @OnCommand('send-welcome-email')
  command(@Payload() work: Work, @Ctx() context: SqsContext): Promise<void> {
    return this.handle('command', work, context);
  }

  private async handle(kind: string, { n }: Work, context: SqsContext): Promise<void> {
    tell({ started: kind, n, attempt: context.getAttempt() });
    if (hang) await forever();
    tell({ finished: kind, n });
  }
}

@Module({ controllers: [Consumer] })
class ConsumerModule {}

// Whoever started it is gone.
process.stdin.on('end', () => process.exit(1)).resume();

const strategy = new ServerSQS(options);
const app = await NestFactory.createMicroservice<MicroserviceOptions>(ConsumerModule, { strategy, logger: ['error'] });
app.enableShutdownHooks();
await app.listen();
tell({ listening: process.pid });
// One that is killed would keep it to itself. Of Node 22.10 and newer.
(module as Partial<typeof module>).flushCompileCache?.();
