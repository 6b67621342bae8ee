import { of, throwError, type Observable } from 'rxjs';
import { UserPublisher } from './user-publisher.js';

const user = { id: 'user-1', version: 3 };

describe('UserPublisher', () => {
  const emitted: unknown[][] = [];
  const client = (name: string) => ({
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
    await publisher[method](fact as never);
    expect(emitted).toEqual([['events', type, fact, { subject: 'user-1', sequence: '3' }]]);
  });

  it('commands notifications, in order for each user', async () => {
    await publisher.cancelMails('user-1');
    expect(emitted).toEqual([['notifications', 'cancel-user-mails', { userId: 'user-1' }, { groupId: 'user-1' }]]);
  });

  it('commands its own service, in order for each user', async () => {
    await publisher.deactivate('user-1');
    expect(emitted).toEqual([['users', 'deactivate-user', { userId: 'user-1' }, { groupId: 'user-1' }]]);
  });

  it('fails when the event was not accepted', async () => {
    const away = { emit: () => throwError(() => new Error('the broker is away')) };
    const failing = new UserPublisher(away as never, away as never, away as never);
    await expect(failing.deleted(user)).rejects.toThrow('the broker is away');
  });
});
