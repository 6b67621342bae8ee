// A consumer with its effects and its inbox in PostgreSQL, in a process of its own that kills itself where it is told to.
import 'reflect-metadata';
import * as module from 'node:module';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { OnDomainEvent, ServerSQS, SqsContext, type ServerSQSOptions } from 'nestjs-sns-sqs';
import { fromPg, PostgresInboxStore } from 'nestjs-sns-sqs/postgres';
import pg from 'pg';

const { options, url, dies } = JSON.parse(process.argv[2] ?? '') as {
  options: ServerSQSOptions;
  url: string;
  dies: 'before the commit' | 'after the commit';
};
const tell = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);
const pool = new pg.Pool({ connectionString: url });

@Controller()
class Accounts {
  @OnDomainEvent('payment.received', { from: 'payments', useCase: 'credit', ordering: 'sequential', startAt: 1 })
  async credit(@Payload() { account, n }: { account: string; n: number }, @Ctx() context: SqsContext): Promise<void> {
    const client = await pool.connect();
    await client.query('BEGIN');
    await client.query('INSERT INTO effects (account, n, attempt) VALUES ($1, $2, $3)', [
      account,
      n,
      context.getAttempt(),
    ]);
    await context.markDoneIn(fromPg(client));
    if (dies === 'before the commit') process.kill(process.pid, 'SIGKILL');
    await client.query('COMMIT');
    process.kill(process.pid, 'SIGKILL');
  }
}

@Module({ controllers: [Accounts] })
class AccountsModule {}

// Whoever started it is gone.
process.stdin.on('end', () => process.exit(1)).resume();

const strategy = new ServerSQS({ ...options, inbox: { store: new PostgresInboxStore({ pool }) } });
const app = await NestFactory.createMicroservice<MicroserviceOptions>(AccountsModule, { strategy, logger: ['error'] });
await app.listen();
tell({ listening: process.pid });
(module as Partial<typeof module>).flushCompileCache?.();
