// An effect exactly once: the change in your PostgreSQL and "this event is done" are one transaction.
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import {
  ClientSNS,
  OnDomainEvent,
  RetryLater,
  ServerSQS,
  SnsRecordBuilder,
  SnsSqsModule,
  SqsContext,
} from 'nestjs-sns-sqs';
import { fromDrizzle, migrate, PostgresInboxStore } from 'nestjs-sns-sqs/postgres';
import { Pool } from 'pg';
import { lastValueFrom } from 'rxjs';

const pool = new Pool({ connectionString: process.env['DATABASE_URL'] ?? 'postgres://127.0.0.1:5432/accounts' });
// Without a listener a restart of the database would end this process.
pool.on('error', error => console.warn(error.message));
// So would one while a transaction has a connection; the next query of the transaction fails.
pool.on('connect', connection => connection.on('error', error => console.warn(error.message)));
const database = drizzle({ client: pool });
let isBankBusy = true;

@Controller()
class Accounts {
  @OnDomainEvent('payment.received', { from: 'accounts', useCase: 'credit' })
  async credit(@Payload() { account, amount }: { account: string; amount: number }, @Ctx() context: SqsContext) {
    await database.transaction(async tx => {
      await context.markDoneIn(fromDrizzle(tx));
      await tx.execute(sql`UPDATE accounts SET balance = balance + ${amount} WHERE id = ${account}`);
      if (isBankBusy) {
        isBankBusy = false;
        // The change and the mark roll back together, so the next attempt starts from nothing.
        throw new RetryLater(1, 'the bank is busy');
      }
    });
    const { rows } = await database.execute(sql`SELECT balance FROM accounts WHERE id = ${account}`);
    console.log(`${account} has ${String(rows[0]?.['balance'])}`);
  }
}

@Module({
  imports: [SnsSqsModule.forRoot({ service: 'accounts', inbox: { store: new PostgresInboxStore({ pool }) } })],
  controllers: [Accounts],
})
class AppModule {}

export async function main() {
  await migrate(pool);
  await pool.query('CREATE TABLE IF NOT EXISTS accounts (id text PRIMARY KEY, balance int NOT NULL)');
  await pool.query(`INSERT INTO accounts VALUES ('a1', 0) ON CONFLICT (id) DO UPDATE SET balance = 0`);
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(ServerSQS) });
  await app.init();
  await app.startAllMicroservices();

  const payment = new SnsRecordBuilder({ account: 'a1', amount: 30 }).setId(crypto.randomUUID()).build();
  // The publisher repeats itself. The id is the same, so the second event is a duplicate.
  await lastValueFrom(app.get(ClientSNS).emit('payment.received', payment));
  await lastValueFrom(app.get(ClientSNS).emit('payment.received', payment));
  return app;
}
