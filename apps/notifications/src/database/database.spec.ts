import { Logger } from '@nestjs/common';
import { jest } from '@jest/globals';
import { SnsSqsError } from 'nestjs-sns-sqs';
import { sqsContext } from 'nestjs-sns-sqs/testing';
import { sampleDatabase } from '../../../../test/support/sample-database.js';
import type { DatabaseConnection, Transaction } from '../../../shared/database.js';
import { Recipients } from '../recipients.js';
import { UserDirectory } from '../user-directory.js';
import { UserDirectoryController } from '../user-directory.controller.js';
import { directory, recipients as table } from './schema.js';
import { UnitOfWork } from './unit-of-work.js';

const id = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const other = '6f9619ff-8b86-4d01-b42d-00cf4fc96400';

describe('The database of notifications', () => {
  let connection: DatabaseConnection;
  let recipients: Recipients;
  let users: UserDirectory;
  let unit: UnitOfWork;
  let marks: number;
  const context = sqsContext({ markDoneIn: () => Promise.resolve(void (marks += 1)) });
  const inTransaction = (work: (tx: Transaction) => Promise<unknown>) => unit.run(context, work);

  beforeAll(async () => {
    jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    connection = await sampleDatabase('notifications');
    recipients = new Recipients(connection.database);
    users = new UserDirectory(connection.database);
    unit = new UnitOfWork(connection.database);
  }, 60_000);

  beforeEach(async () => {
    marks = 0;
    await connection.database.delete(table);
    await connection.database.delete(directory);
  });

  afterAll(() => connection.close());

  it('knows where a user was last', async () => {
    await inTransaction(tx => recipients.set(tx, id, 'old@example.com', 1));
    await inTransaction(tx => recipients.set(tx, id, 'new@example.com', 2));
    expect(await recipients.find(id)).toEqual({ email: 'new@example.com', cancelled: false });
    expect(await recipients.find(other)).toBeUndefined();
    expect(marks).toBe(2);
  });

  it('is not misled by an event that comes late or twice', async () => {
    await inTransaction(tx => recipients.set(tx, id, 'new@example.com', 2));
    await inTransaction(tx => recipients.set(tx, id, 'old@example.com', 1));
    expect(await recipients.find(id)).toMatchObject({ email: 'new@example.com' });
  });

  it('does not learn again whom it has forgotten', async () => {
    await inTransaction(tx => recipients.forget(tx, id, 3));
    await inTransaction(tx => recipients.set(tx, id, 'old@example.com', 1));
    expect(await recipients.find(id)).toMatchObject({ email: null });
  });

  it('remembers who wants no more mail, known before or not', async () => {
    await inTransaction(tx => recipients.cancel(tx, id));
    await inTransaction(tx => recipients.set(tx, id, 'ada@example.com', 1));
    await inTransaction(tx => recipients.set(tx, other, 'bob@example.com', 1));
    await inTransaction(tx => recipients.cancel(tx, other));
    expect(await recipients.find(id)).toEqual({ email: 'ada@example.com', cancelled: true });
    expect(await recipients.find(other)).toEqual({ email: 'bob@example.com', cancelled: true });
  });

  it('follows a user from event to event', async () => {
    const controller = new UserDirectoryController(users, unit);
    await controller.registered({ id, email: 'ada@example.com', name: 'Ada', version: 1 }, context);
    expect(await users.find(id)).toEqual({ email: 'ada@example.com', name: 'Ada', version: 1 });
    await controller.emailChanged({ id, email: 'ada@lovelace.example', version: 2 }, context);
    expect(await users.find(id)).toEqual({ email: 'ada@lovelace.example', name: 'Ada', version: 2 });
    await controller.deleted({ id, version: 3 }, context);
    expect(await users.find(id)).toBeUndefined();
    expect(marks).toBe(3);
  });

  it('has the address of a user whose registration it has not seen', async () => {
    await inTransaction(tx => users.move(tx, id, 'ada@lovelace.example', 7));
    expect(await users.find(id)).toEqual({ email: 'ada@lovelace.example', name: 'unknown', version: 7 });
    await inTransaction(tx => users.remove(tx, id, 8));
    expect(await users.find(id)).toBeUndefined();
  });

  it('changes nothing where the handler fails, or another process may have the message', async () => {
    const failing = inTransaction(async tx => {
      await recipients.set(tx, id, 'ada@example.com', 1);
      throw new Error('the broker is away');
    });
    await expect(failing).rejects.toThrow('the broker is away');
    const lost = sqsContext({
      markDoneIn: () => Promise.reject(new SnsSqsError('CLAIM_LOST', { problem: 'p', remedy: 'r' })),
    });
    const losing = unit.run(lost, tx => recipients.set(tx, id, 'ada@example.com', 1));
    await expect(losing).rejects.toMatchObject({ code: 'CLAIM_LOST' });
    expect(await recipients.find(id)).toBeUndefined();
  });
});
