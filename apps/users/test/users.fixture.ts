import { ValidationPipe, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DATABASE } from '../../shared/database.module.js';
import type { Database } from '../../shared/database.js';
import { sampleDatabase } from '../../../test/support/sample-database.js';
import { UserPublisher } from '../src/users/user-publisher.js';
import { UsersController } from '../src/users/users.controller.js';
import { UsersMessagesController } from '../src/users/users.messages.controller.js';
import { UsersService } from '../src/users/users.service.js';

type Method = 'registered' | 'emailChanged' | 'deleted' | 'cancelMails' | 'deactivate';

/** What was told to whom, in place of SNS and SQS; `failNext` is told by them that they are away. */
export class RecordingPublisher implements Pick<UserPublisher, Method> {
  told: Array<[Method, unknown]> = [];
  failNext: Method | undefined;

  registered = (_: unknown, user: unknown) => this.tell('registered', user);
  emailChanged = (_: unknown, user: unknown) => this.tell('emailChanged', user);
  deleted = (_: unknown, user: unknown) => this.tell('deleted', user);
  cancelMails = (_: unknown, userId: string) => this.tell('cancelMails', userId);
  deactivate = (_: unknown, userId: string) => this.tell('deactivate', userId);

  private async tell(method: Method, what: unknown): Promise<void> {
    if (this.failNext === method) {
      this.failNext = undefined;
      throw new Error('the broker is away');
    }
    this.told.push([method, what]);
  }
}

export interface UsersFixture {
  app: INestApplication;
  database: Database;
  publisher: RecordingPublisher;
  messages: UsersMessagesController;
  close(): Promise<void>;
}

/** The service on a real PostgreSQL and without queues. */
export async function startUsers(): Promise<UsersFixture> {
  const connection = await sampleDatabase('users');
  const publisher = new RecordingPublisher();
  const module = await Test.createTestingModule({
    controllers: [UsersController, UsersMessagesController],
    providers: [
      UsersService,
      { provide: DATABASE, useValue: connection.database },
      { provide: UserPublisher, useValue: publisher },
    ],
  }).compile();
  const app = module.createNestApplication({ logger: false });
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
  // One port for the whole file: supertest would open one for each request.
  await app.listen(0, '127.0.0.1');
  return {
    app,
    database: connection.database,
    publisher,
    messages: app.get(UsersMessagesController),
    async close() {
      await app.close();
      await connection.close();
    },
  };
}
