import { Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { openDatabase, type DatabaseConnection } from './database.js';

export const DATABASE = Symbol('DATABASE');
const CONNECTION = Symbol('DATABASE_CONNECTION');

/** After the queues are drained: handlers that still run need the database. */
@Injectable()
class ClosesDatabase implements OnApplicationShutdown {
  constructor(@Inject(CONNECTION) private readonly connection: DatabaseConnection) {}

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
    ClosesDatabase,
  ],
  exports: [DATABASE],
})
export class DatabaseModule {}
