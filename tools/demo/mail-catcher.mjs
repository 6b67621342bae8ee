import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';

const TEMPORARY = 451;
const MAX_LETTERS = 200;

/** An SMTP server that keeps what it is sent, and can be told to fail. */
export async function startMailCatcher(port = 0) {
  const mails = [];
  const letters = [];
  let toFail = 0;
  let refused = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData(stream, session, done) {
      const chunks = [];
      stream.on('data', chunk => chunks.push(chunk));
      stream.on('end', () => {
        if (toFail > 0) {
          toFail -= 1;
          refused += 1;
          done(Object.assign(new Error('the mail server is being repaired'), { responseCode: TEMPORARY }));
          return;
        }
        const text = Buffer.concat(chunks).toString('utf8');
        const subject = /^Subject: (.*)$/im.exec(text)?.[1]?.trim() ?? '';
        const to = session.envelope.rcptTo.map(({ address }) => address).join();
        mails.push({ to, subject });
        letters.push({ at: Date.now(), to, subject, text });
        if (letters.length > MAX_LETTERS) letters.shift();
        done();
      });
    },
  });
  server.on('error', () => undefined);
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    url: `smtp://127.0.0.1:${server.server.address().port}`,
    mails,
    letters,
    /** The next `count` mails are refused, for the time being (SMTP 451). */
    failNext(count) {
      toFail = count;
      refused = 0;
    },
    /** All later mails are accepted. */
    recover() {
      toFail = 0;
    },
    refused: () => refused,
    stop: () => new Promise(resolve => server.close(() => resolve())),
  };
}
