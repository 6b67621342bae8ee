import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { Mailer, MailRefused } from './mailer.js';

describe('Mailer', () => {
  const received: string[] = [];
  let reply: { responseCode: number } | undefined;
  let server: SMTPServer;
  let mailer: Mailer;
  const before = process.env['SMTP_URL'];

  beforeAll(async () => {
    server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onRcptTo: ({ address }, _, done) =>
        done(address.startsWith('nobody@') ? Object.assign(new Error('no such mailbox'), { responseCode: 550 }) : null),
      onAuth: (_, __, done) => done(Object.assign(new Error('wrong password'), { responseCode: 535 })),
      onData(stream, session, done) {
        stream.resume();
        stream.on('end', () => {
          if (!reply) received.push(session.envelope.rcptTo.map(({ address }) => address).join());
          done(reply ? Object.assign(new Error('refused'), reply) : null);
        });
      },
    });
    server.on('error', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
  });

  const mailerAs = (login: string) => {
    const { port } = server.server.address() as AddressInfo;
    process.env['SMTP_URL'] = `smtp://${login}127.0.0.1:${port}`;
    return new Mailer();
  };

  beforeEach(() => {
    reply = undefined;
    received.length = 0;
    mailer = mailerAs('');
  });

  afterEach(() => mailer.onApplicationShutdown());

  afterAll(async () => {
    if (before === undefined) delete process.env['SMTP_URL'];
    else process.env['SMTP_URL'] = before;
    await new Promise<void>(resolve => server.close(() => resolve()));
  });

  const failure = (to = 'ada@example.com') => mailer.send(to, 'Hello', 'Text').catch((error: unknown) => error);

  it('sends', async () => {
    await mailer.send('ada@example.com', 'Hello', 'Text');
    expect(received).toEqual(['ada@example.com']);
  });

  it.each([450, 451, 452])('a reply of %i may pass', async responseCode => {
    reply = { responseCode };
    expect(await failure()).not.toBeInstanceOf(MailRefused);
  });

  it.each([550, 552, 554])('a reply of %i is for good', async responseCode => {
    reply = { responseCode };
    expect(await failure()).toBeInstanceOf(MailRefused);
  });

  it('a recipient who does not exist is for good', async () => {
    expect(await failure('nobody@example.com')).toBeInstanceOf(MailRefused);
  });

  it('a login that is refused is not the fault of the mail', async () => {
    mailer.onApplicationShutdown();
    mailer = mailerAs('me:secret@');
    const error = await failure();
    expect(error).toMatchObject({ responseCode: 535 });
    expect(error).not.toBeInstanceOf(MailRefused);
  });
});
