import request from 'supertest';
import { startUsers, type UsersFixture } from '../../test/users.fixture.js';

const NOBODY = '00000000-0000-4000-8000-000000000000';

describe('users over HTTP', () => {
  let fixture: UsersFixture;
  let count = 0;

  const http = () => request(fixture.app.getHttpServer());
  const newEmail = () => `user-${(count += 1)}@example.com`;
  const statusOf = async (answer: PromiseLike<{ status: number }>) => (await answer).status;
  const register = async (email = newEmail()) => {
    const { body } = await http().post('/users').send({ email, name: 'Ada' }).expect(201);
    fixture.publisher.told = [];
    return body as { id: string; email: string };
  };

  beforeAll(async () => {
    fixture = await startUsers();
  }, 60_000);

  afterAll(() => fixture?.close());

  beforeEach(() => {
    fixture.publisher.told = [];
    fixture.publisher.failNext = undefined;
  });

  describe('POST /users', () => {
    it('registers the user and announces it', async () => {
      const email = newEmail();
      const { body } = await http().post('/users').send({ email, name: 'Ada' }).expect(201);
      expect(body).toEqual({
        id: expect.any(String),
        email,
        name: 'Ada',
        version: 1,
        welcomedAt: null,
        preferences: null,
      });
      expect(fixture.publisher.told).toEqual([['registered', { id: body.id, email, name: 'Ada', version: 1 }]]);
      await http().get(`/users/${body.id}`).expect(200, body);
    });

    it.each([
      ['no email', { name: 'Ada' }],
      ['a bad email', { email: 'ada', name: 'Ada' }],
      ['no name', { email: 'x@example.com' }],
      ['an empty name', { email: 'x@example.com', name: '' }],
      ['a name that is no text', { email: 'x@example.com', name: { $ne: 1 } }],
      ['a name that is too long', { email: 'x@example.com', name: 'a'.repeat(201) }],
    ])('answers 400 to %s', async (_, body) => {
      await http().post('/users').send(body).expect(400);
      expect(fixture.publisher.told).toEqual([]);
    });

    it('leaves out what it does not know', async () => {
      const user = { email: newEmail(), name: 'Ada', version: 7, id: NOBODY };
      const { body } = await http().post('/users').send(user).expect(201);
      expect(body.version).toBe(1);
      expect(body.id).not.toBe(NOBODY);
    });

    it('answers 409 when the email is taken, in whatever case, and announces nothing', async () => {
      const { email } = await register();
      await http().post('/users').send({ email, name: 'Eve' }).expect(409);
      await http().post('/users').send({ email: email.toUpperCase(), name: 'Eve' }).expect(409);
      expect(fixture.publisher.told).toEqual([]);
    });

    it('registers one of many who take the same email at once', async () => {
      const user = { email: newEmail(), name: 'Ada' };
      const answers = await Promise.all(Array.from({ length: 10 }, () => http().post('/users').send(user)));
      const having = (wanted: number) => answers.filter(({ status }) => status === wanted).length;
      expect({ registered: having(201), refused: having(409) }).toEqual({ registered: 1, refused: 9 });
      expect(fixture.publisher.told).toHaveLength(1);
    });

    it('registers nobody whom it could not announce, so that the caller may repeat it', async () => {
      const user = { email: newEmail(), name: 'Ada' };
      fixture.publisher.failNext = 'registered';
      await http().post('/users').send(user).expect(500);
      await http().post('/users').send(user).expect(201);
      expect(fixture.publisher.told).toHaveLength(1);
    });
  });

  describe('GET /users/:id', () => {
    it('answers 404 for nobody and 400 for what is no id', async () => {
      expect(await statusOf(http().get(`/users/${NOBODY}`))).toBe(404);
      expect(await statusOf(http().get('/users/ada'))).toBe(400);
    });
  });

  describe('PATCH /users/:id', () => {
    it('changes the email and announces old, new and version', async () => {
      const { id, email: previousEmail } = await register();
      const email = newEmail();
      const { body } = await http().patch(`/users/${id}`).send({ email }).expect(200);
      expect(body).toMatchObject({ id, email, version: 2 });
      expect(fixture.publisher.told).toEqual([['emailChanged', { id, version: 2, email, previousEmail }]]);
      await http().get(`/users/${id}`).expect(200, body);
    });

    it('gives each of many changes at once a version of its own', async () => {
      const { id } = await register();
      const emails = Array.from({ length: 5 }, newEmail);
      await Promise.all(emails.map(email => http().patch(`/users/${id}`).send({ email }).expect(200)));
      const versions = fixture.publisher.told.map(([, change]) => (change as { version: number }).version);
      expect(versions).toEqual([2, 3, 4, 5, 6]);
    });

    it('answers 409 when the email is taken, and changes nothing', async () => {
      const [ada, bob] = [await register(), await register()];
      await http().patch(`/users/${bob.id}`).send({ email: ada.email }).expect(409);
      const { body } = await http().get(`/users/${bob.id}`).expect(200);
      expect(body).toMatchObject({ email: bob.email, version: 1 });
      expect(fixture.publisher.told).toEqual([]);
    });

    it('answers 404 for nobody and 400 to a bad email', async () => {
      const { id } = await register();
      expect(await statusOf(http().patch(`/users/${NOBODY}`).send({ email: newEmail() }))).toBe(404);
      expect(await statusOf(http().patch(`/users/${id}`).send({ email: 'no' }))).toBe(400);
    });
  });

  describe('DELETE /users/:id', () => {
    it('commands another service and itself, announces it, and frees the email', async () => {
      const { id, email } = await register();
      await http().delete(`/users/${id}`).expect(204);
      expect(fixture.publisher.told).toEqual([
        ['cancelMails', id],
        ['deactivate', id],
        ['deleted', { id, version: 2 }],
      ]);
      await http().get(`/users/${id}`).expect(404);
      await http().delete(`/users/${id}`).expect(404);
      await register(email);
    });

    it('keeps the user when it could not be announced', async () => {
      const { id } = await register();
      fixture.publisher.failNext = 'deleted';
      await http().delete(`/users/${id}`).expect(500);
      expect(await statusOf(http().get(`/users/${id}`))).toBe(200);
      expect(await statusOf(http().delete(`/users/${id}`))).toBe(204);
    });
  });
});
