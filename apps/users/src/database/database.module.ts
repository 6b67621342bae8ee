import { Inject, Injectable, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { PostgresOutbox } from 'nestjs-sns-sqs/postgres';
import { openDatabase, type DatabaseConnection } from './database.js';

export const DATABASE = Symbol('DATABASE');
const CONNECTION = Symbol('DATABASE_CONNECTION');

@Injectable()
class DatabaseLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(CONNECTION) private readonly connection: DatabaseConnection,
    @Inject(PostgresOutbox) private readonly outbox: PostgresOutbox,
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

@Module({
  providers: [
    {
      provide: CONNECTION,
      useFactory: () => openDatabase({ url: process.env['DATABASE_URL'], directory: process.env['PGLITE_DIR'] }),
    },
    { provide: DATABASE, inject: [CONNECTION], useFactory: ({ database }: DatabaseConnection) => database },
    {
      provide: PostgresOutbox,
      inject: [CONNECTION],
      useFactory: ({ executor }: DatabaseConnection) => new PostgresOutbox({ pool: executor }),
    },
    DatabaseLifecycle,
  ],
  exports: [DATABASE, PostgresOutbox],
})
export class DatabaseModule {}
