import { eq } from 'drizzle-orm';
import { RetryLater } from 'nestjs-sns-sqs';
import request from 'supertest';
import { startUsers, type UsersFixture } from '../../test/users.fixture.js';
import { preferences, users } from '../database/schema.js';

describe('messages to users', () => {
  let fixture: UsersFixture;
  let id: string;
  let count = 0;

  const http = () => request(fixture.app.getHttpServer());
  const view = async () => (await http().get(`/users/${id}`).expect(200)).body;

  const stored = () =>
    fixture.database
      .select({
        email: users.email,
        name: users.name,
        newsletter: preferences.newsletter,
        deactivatedAt: users.deactivatedAt,
      })
      .from(users)
      .leftJoin(preferences, eq(preferences.userId, users.id))
      .where(eq(users.id, id));

  beforeAll(async () => {
    fixture = await startUsers();
  }, 60_000);

  afterAll(() => fixture?.close());

  beforeEach(async () => {
    const user = { email: `user-${(count += 1)}@example.com`, name: 'Ada' };
    ({ id } = (await http().post('/users').send(user).expect(201)).body);
  });

  it('gives a registered user default preferences, once', async () => {
    await fixture.messages.createDefaultPreferences({ id });
    await fixture.messages.createDefaultPreferences({ id });
    expect((await view()).preferences).toEqual({ newsletter: true });
  });

  it('lets an event fail that overtook the commit of its user: it is tried again', async () => {
    const stranger = '00000000-0000-4000-8000-000000000000';
    await expect(fixture.messages.createDefaultPreferences({ id: stranger })).rejects.toThrow('Failed query');
  });

  it('marks a user as welcomed; the first mark stays, the version too', async () => {
    await fixture.messages.markWelcomed({ userId: id });
    const first = await view();
    expect(first).toMatchObject({ welcomedAt: expect.any(String), version: 1 });
    await fixture.messages.markWelcomed({ userId: id });
    expect(await view()).toEqual(first);
  });

  it('deactivates a deleted user, as often as it is told to', async () => {
    await fixture.messages.createDefaultPreferences({ id });
    await http().delete(`/users/${id}`).expect(204);
    await fixture.messages.deactivate({ userId: id });
    const first = await stored();
    expect(first).toEqual([{ email: null, name: null, newsletter: null, deactivatedAt: expect.any(Date) }]);
    await fixture.messages.deactivate({ userId: id });
    expect(await stored()).toEqual(first);
  });

  it('deactivates nobody who is not deleted, and looks again later', async () => {
    await expect(fixture.messages.deactivate({ userId: id })).rejects.toThrow(RetryLater);
    expect((await view()).name).toBe('Ada');
  });
});
