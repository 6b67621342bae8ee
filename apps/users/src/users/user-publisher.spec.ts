import { of, throwError, type Observable } from 'rxjs';
import { UserPublisher } from './user-publisher.js';

const user = { id: 'user-1', version: 3 };

describe('UserPublisher', () => {
  const emitted: unknown[][] = [];
  const tx = { execute: () => Promise.resolve({ rows: [] }), rollback: () => undefined as never };
  const client = (name: string) => ({
    within: () => emitter(name),
  });
  const emitter = (name: string) => ({
    emit(pattern: string, { data, options }: { data: unknown; options: unknown }): Observable<void> {
      emitted.push([name, pattern, data, options]);
      return of(undefined);
    },
  });
  const publisher = new UserPublisher(
    client('events') as never,
    client('notifications') as never,
    client('users') as never,
  );

  beforeEach(() => {
    emitted.length = 0;
  });

  it.each([
    ['registered', 'user.registered', { ...user, email: 'ada@example.com', name: 'Ada' }],
    ['emailChanged', 'user.email-changed', { ...user, email: 'b@example.com', previousEmail: 'a@example.com' }],
    ['deleted', 'user.deleted', user],
  ] as const)('announces %s as %s, about the user and with its version', async (method, type, fact) => {
    await publisher[method](tx, fact as never);
    expect(emitted).toEqual([['events', type, fact, { subject: 'user-1', sequence: '3' }]]);
  });

  it('commands notifications, in order for each user', async () => {
    await publisher.cancelMails(tx, 'user-1');
    expect(emitted).toEqual([['notifications', 'cancel-user-mails', { userId: 'user-1' }, { groupId: 'user-1' }]]);
  });

  it('commands its own service, in order for each user', async () => {
    await publisher.deactivate(tx, 'user-1');
    expect(emitted).toEqual([['users', 'deactivate-user', { userId: 'user-1' }, { groupId: 'user-1' }]]);
  });

  it('fails when the event could not be written', async () => {
    const emitter = { emit: () => throwError(() => new Error('the database is away')) };
    const away = { within: () => emitter };
    const failing = new UserPublisher(away as never, away as never, away as never);
    await expect(failing.deleted(tx, user)).rejects.toThrow('the database is away');
  });
});
