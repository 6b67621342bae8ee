// Runs the sample services with everything that they need, until Ctrl-C.
import { parseArgs } from 'node:util';
import { startMailPage } from './mail-page.mjs';
import { freePort } from './ports.mjs';
import { startStack } from './stack.mjs';
import { aborted, stopSignal } from './stop-signal.mjs';

const { values } = parseArgs({
  options: {
    endpoint: { type: 'string' },
    smtp: { type: 'string' },
    database: { type: 'string' },
    redis: { type: 'string' },
  },
});
const given = {
  endpoint: values.endpoint ?? process.env.AWS_ENDPOINT_URL,
  smtpUrl: values.smtp ?? process.env.SMTP_URL,
  databaseUrl: values.database ?? process.env.DATABASE_URL,
  redisUrl: values.redis ?? process.env.REDIS_URL,
};

const MAIL_PAGE_PORT = 8025;
const COLORS = { users: 36, notifications: 35 };
const paint = (name, text) => (process.stdout.isTTY ? `\u001b[${COLORS[name]}m${text}\u001b[0m` : text);
const log = (name, line) => console.log(`${paint(name, name.padEnd(13))} | ${line}`);

function table(rows) {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
}

const signal = stopSignal();

try {
  const stack = await startStack({
    given,
    ports: { broker: 4566, mail: 1025, users: 3000, operations: 3001 },
    onLine: log,
    signal,
  });
  const mailPage = stack.mail && (await startMailPage(stack.mail.letters, await freePort(MAIL_PAGE_PORT)));
  const rows = [
    ['users', `${stack.users.url}/users`],
    [
      'metrics',
      [stack.users.url, stack.notifications.operationsUrl]
        .filter(Boolean)
        .map(url => `${url}/metrics`)
        .join('  '),
    ],
    ['SNS and SQS', `${stack.endpoint}${given.endpoint ? '' : '  (embedded)'}`],
    ['mail', `${stack.smtpUrl}${stack.mail ? '  (embedded, kept in memory)' : ''}`],
    ...(given.endpoint ? [] : [['queues, topics', `${stack.endpoint}/  (in a browser)`]]),
    ...(mailPage ? [['mails', `${mailPage.url}/  (in a browser)`]] : []),
    ['PostgreSQL', given.databaseUrl ?? 'PGlite, inside each service and in its memory'],
    ['inbox', `users: ${given.redisUrl ?? 'in its memory'}, notifications: in its database`],
  ];
  console.log(`
${table(rows)}

Try:
  curl -i ${stack.users.url}/users -H 'content-type: application/json' -d '{"email":"ada@example.com","name":"Ada"}'

Ctrl-C stops everything.
`);
  const ended = [stack.users, stack.notifications].map(async ({ name, ended: end }) => ({ name, ...(await end) }));
  const first = await Promise.race([aborted(signal).catch(() => undefined), ...ended]);
  const failed = first !== undefined && !signal.aborted;
  if (failed) console.error(`${first.name} ended by itself (${first.code ?? first.signal}): stopping the rest`);
  console.log('stopping …');
  await mailPage?.stop();
  await stack.stop();
  console.log('stopped');
  process.exit(failed ? 1 : 0);
} catch (error) {
  if (signal.aborted) console.log('stopped');
  else console.error(error.message);
  process.exit(signal.aborted ? 0 : 1);
}
