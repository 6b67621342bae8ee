import { Module, type DynamicModule, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { PostgresInboxStore, PostgresOutbox } from 'nestjs-sns-sqs/postgres';
import { openDatabase, type DatabaseConnection } from './database.js';

export const DATABASE = Symbol('DATABASE');
const CONNECTION = Symbol('DATABASE_CONNECTION');

class DatabaseLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly connection: DatabaseConnection,
    private readonly outbox: PostgresOutbox,
  ) {}

  /** Not where the connection is made: Nest logs the stack of what fails there, beside our one line. */
  onModuleInit(): Promise<void> {
    return this.connection.migrate();
  }

  /** After the queues are drained: handlers that still run need the database. */
  async onApplicationShutdown(): Promise<void> {
    await this.outbox.close();
    await this.connection.close();
  }
}

/** A service's database, its outbox and its inbox: `DATABASE_URL` names a server, else it is PGlite in the process. */
@Module({})
export class DatabaseModule {
  /** Keep the result in a constant, and import it everywhere: each call is a database of its own. */
  static forService(service: string): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        {
          provide: CONNECTION,
          useFactory: () =>
            openDatabase({ service, url: process.env['DATABASE_URL'], directory: process.env['PGLITE_DIR'] }),
        },
        { provide: DATABASE, inject: [CONNECTION], useFactory: ({ database }: DatabaseConnection) => database },
        {
          provide: PostgresOutbox,
          inject: [CONNECTION],
          useFactory: ({ pool }: DatabaseConnection) => new PostgresOutbox({ pool }),
        },
        {
          provide: PostgresInboxStore,
          inject: [CONNECTION],
          useFactory: ({ inboxPool: pool }: DatabaseConnection) => new PostgresInboxStore({ pool }),
        },
        {
          provide: DatabaseLifecycle,
          inject: [CONNECTION, PostgresOutbox],
          useFactory: (connection: DatabaseConnection, outbox: PostgresOutbox) =>
            new DatabaseLifecycle(connection, outbox),
        },
      ],
      exports: [DATABASE, PostgresOutbox, PostgresInboxStore],
    };
  }
}
