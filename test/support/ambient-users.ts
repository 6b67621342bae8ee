import { Inject, Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { ClsPluginTransactional, Propagation, Transactional, TransactionHost } from '@nestjs-cls/transactional';
import { TransactionalAdapterDrizzleOrm } from '@nestjs-cls/transactional-adapter-drizzle-orm';
import { sql } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { ClsModule } from 'nestjs-cls';
import { ClientSNS, SnsRecordBuilder, type SqlExecutor } from 'nestjs-sns-sqs';
import { fromDrizzle } from 'nestjs-sns-sqs/postgres';
import type { Pool } from 'pg';
import { lastValueFrom } from 'rxjs';

const DATABASE = Symbol('DATABASE');
type Adapter = TransactionalAdapterDrizzleOrm<NodePgDatabase>;

/** The option `transaction` of an outbox. */
export function ambientTransaction(): SqlExecutor | undefined {
  const host = TransactionHost.getInstance<Adapter>();
  return host.isTransactionActive() ? fromDrizzle(host.tx) : undefined;
}

/** A service whose methods are transactions, by `@nestjs-cls/transactional`, and which emits as ever. */
@Injectable()
export class AmbientUsers {
  constructor(
    @Inject(TransactionHost) private readonly host: TransactionHost<Adapter>,
    @Inject(ClientSNS) private readonly events: ClientSNS,
  ) {}

  @Transactional()
  async register(id: string, fails = false): Promise<void> {
    await this.change(id);
    if (fails) throw new Error('the user is refused');
  }

  /** The inner one is rolled back to its savepoint, and the outer one goes on. */
  @Transactional()
  async registerTwo(first: string, second: string): Promise<void> {
    await this.change(first);
    await this.host
      .withTransaction(Propagation.Nested, async () => {
        await this.change(second);
        throw new Error('the user is refused');
      })
      .catch(() => undefined);
  }

  /** Gives the ids in the order of their rows. */
  @Transactional()
  async announceTogether(ids: string[]): Promise<unknown[]> {
    await Promise.all(ids.map(id => this.announce(id)));
    const { rows } = await this.host.tx.execute(sql`SELECT event_id FROM nestjs_sns_sqs.outbox_messages ORDER BY id`);
    return rows.map(row => row['event_id']);
  }

  async announce(id: string): Promise<void> {
    const event = new SnsRecordBuilder({ id }).setId(id).setSubject('all').build();
    await lastValueFrom(this.events.emit('user.registered', event), { defaultValue: undefined });
  }

  private async change(id: string): Promise<void> {
    await this.host.tx.execute(sql`INSERT INTO users VALUES (${id})`);
    const event = new SnsRecordBuilder({ id }).setSubject('all').setSequence('next').build();
    await lastValueFrom(this.events.emit('user.registered', event), { defaultValue: undefined });
  }
}

export async function startAmbientUsers(pool: Pool, events: ClientSNS): Promise<TestingModule> {
  @Module({ providers: [{ provide: DATABASE, useValue: drizzle({ client: pool }) }], exports: [DATABASE] })
  class DatabaseModule {}
  const adapter = new TransactionalAdapterDrizzleOrm<NodePgDatabase>({ drizzleInstanceToken: DATABASE });
  const module = await Test.createTestingModule({
    imports: [ClsModule.forRoot({ plugins: [new ClsPluginTransactional({ imports: [DatabaseModule], adapter })] })],
    providers: [AmbientUsers, { provide: ClientSNS, useValue: events }],
  }).compile();
  return module.init();
}
