import { Inject, Injectable, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { openDatabase, type DatabaseConnection } from './database.js';

export const DATABASE = Symbol('DATABASE');
const CONNECTION = Symbol('DATABASE_CONNECTION');

@Injectable()
class DatabaseLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(@Inject(CONNECTION) private readonly connection: DatabaseConnection) {}

  /** Not where the connection is made: Nest logs the stack of what fails there, beside our one line. */
  onModuleInit(): Promise<void> {
    return this.connection.migrate();
  }

  /** After the queues are drained: handlers that still run need the database. */
  onApplicationShutdown(): Promise<void> {
    return this.connection.close();
  }
}

@Module({
  providers: [
    {
      provide: CONNECTION,
      useFactory: () => openDatabase({ url: process.env['DATABASE_URL'], directory: process.env['PGLITE_DIR'] }),
    },
    { provide: DATABASE, inject: [CONNECTION], useFactory: ({ database }: DatabaseConnection) => database },
    DatabaseLifecycle,
  ],
  exports: [DATABASE],
})
export class DatabaseModule {}
