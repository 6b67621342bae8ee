import { randomUUID } from 'node:crypto';

const COMMANDS = 'notifications-async-commands.fifo';
const SEND_EMAIL = 'send-email-on-user-registered';
const UPDATE_RECIPIENT = 'update-recipient-on-user-email-changed';
const DIRECTORY = 'user-directory-on-user-events';
const AUDIT = 'audit-on-user-events';
const QUEUES = [
  SEND_EMAIL,
  'create-default-preferences-on-user-registered',
  'mark-user-welcomed-on-welcome-email-sent',
  UPDATE_RECIPIENT,
  'forget-recipient-on-user-deleted',
  DIRECTORY,
  AUDIT,
  COMMANDS,
  'users-async-commands.fifo',
];

/** What happens between two services and their users, each step observed before it is told. */
export async function tellStory({ narrator, stack, queues, prefix }) {
  const { users, notifications, mail } = stack;
  const http = async (method, path, body) => {
    const headers = { 'content-type': 'application/json' };
    const request = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
    const response = await fetch(`${users.url}${path}`, request);
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  // Any attempt will do where the step does not name one.
  const timesHandled = (service, pattern, queue, attempt = '') =>
    service.lines.filter(line => line.includes(`handled ${pattern} from ${prefix}${queue}, attempt ${attempt}`)).length;
  const handled = (...which) => timesHandled(...which) > 0;
  const isIdle = async queue => (await queues.count(queue)) === 0;
  const directoryHas = text => notifications.lines.some(line => line.includes(`[directory] ${text}`));
  const mailTo = (to, subject) => mail.mails.some(each => each.to === to && each.subject === subject);
  const register = async user => {
    const { status, body } = await http('POST', '/users', user);
    await narrator.observe(`POST /users answers 201: ${user.name} is registered`, () => status === 201);
    return body.id;
  };

  narrator.chapter('1. Ada registers. One event, three reactions, one command, one mail.');
  const ada = await register({ email: 'ada@example.com', name: 'Ada' });
  await narrator.observe(
    'users reacts to its own event: create-default-preferences-on-user-registered',
    async () =>
      handled(users, 'user.registered', 'create-default-preferences-on-user-registered') &&
      (await http('GET', `/users/${ada}`)).body.preferences?.newsletter === true,
  );
  await narrator.observe(`notifications reacts to the event of users: ${SEND_EMAIL}`, () =>
    handled(notifications, 'user.registered', SEND_EMAIL),
  );
  await narrator.observe(`notifications carries out its own command: ${COMMANDS} / send-welcome-email`, () =>
    handled(notifications, 'send-welcome-email', COMMANDS),
  );
  await narrator.observe('the mail "Welcome, Ada" is with ada@example.com', () =>
    mailTo('ada@example.com', 'Welcome, Ada'),
  );
  await narrator.observe(`notifications has her in its directory: ${DIRECTORY}`, () =>
    directoryHas('Ada <ada@example.com>, version 1'),
  );
  await narrator.observe(
    'users reacts to the event of notifications: mark-user-welcomed-on-welcome-email-sent',
    async () => (await http('GET', `/users/${ada}`)).body.welcomedAt !== null,
  );

  narrator.chapter('2. Somebody else takes the same address.');
  const duplicate = await http('POST', '/users', { email: 'ADA@example.com', name: 'Not Ada' });
  await narrator.observe('POST /users answers 409', () => duplicate.status === 409);

  narrator.chapter('3. Ada changes her address.');
  const changed = await http('PATCH', `/users/${ada}`, { email: 'ada@lovelace.example' });
  await narrator.observe(
    'PATCH /users/:id answers 200, version 2',
    () => changed.status === 200 && changed.body.version === 2,
  );
  await narrator.observe(`notifications follows: ${UPDATE_RECIPIENT}`, () =>
    handled(notifications, 'user.email-changed', UPDATE_RECIPIENT),
  );
  await narrator.observe(`and so does its directory: ${DIRECTORY}`, () =>
    directoryHas('Ada <ada@lovelace.example>, version 2'),
  );

  narrator.chapter('4. The mail server fails twice while Bob registers, then recovers.');
  mail.failNext(2);
  await register({ email: 'bob@example.com', name: 'Bob' });
  await narrator.observe('the mail server has refused two mails', () => mail.refused() === 2);
  await narrator.observe('the third attempt of send-welcome-email succeeds', () =>
    handled(notifications, 'send-welcome-email', COMMANDS, 3),
  );
  await narrator.observe('the mail "Welcome, Bob" is with bob@example.com', () =>
    mailTo('bob@example.com', 'Welcome, Bob'),
  );

  narrator.chapter('5. The mail server is away for a while.');
  mail.failNext(Infinity);
  await register({ email: 'eve@example.com', name: 'Eve' });
  await register({ email: 'frank@example.com', name: 'Frank' });
  const isOpenFor = seconds =>
    notifications.lines.some(line => line.includes(`${COMMANDS}: the circuit breaker is open for ${seconds} s`));
  await narrator.observe('the circuit breaker of the commands opens: no mail is tried for 1 s', () => isOpenFor(1));
  await narrator.observe('then one mail is tried, and the next pause is twice as long', () => isOpenFor(2));
  await narrator.observe('the mail server was asked six times at most', () => mail.refused() <= 6);
  mail.recover();
  await narrator.observe(
    'it is back: "Welcome, Eve" and "Welcome, Frank" arrive, and nothing is lost',
    () => mailTo('eve@example.com', 'Welcome, Eve') && mailTo('frank@example.com', 'Welcome, Frank'),
  );

  narrator.chapter(`6. A poisoned message comes into ${SEND_EMAIL}.`);
  await queues.send(SEND_EMAIL, '{"hello":"world"}');
  const letter = await narrator.observe(`it is in ${SEND_EMAIL}-dlq`, () => queues.peek(`${SEND_EMAIL}-dlq`));
  narrator.say(`    deadletter.error    ${letter.attributes['deadletter.error']}`);
  narrator.say(`    deadletter.reason   ${letter.attributes['deadletter.reason']}`);
  narrator.say(`    deadletter.attempts ${letter.attributes['deadletter.attempts']}`);
  await register({ email: 'carol@example.com', name: 'Carol' });
  await narrator.observe('the queue goes on: the mail "Welcome, Carol" is with carol@example.com', () =>
    mailTo('carol@example.com', 'Welcome, Carol'),
  );

  narrator.chapter("7. Dan's events come twice, and out of order.");
  const dan = randomUUID();
  const [first, second, third] = [
    eventOf('user.registered', dan, 1, { email: 'dan@example.com', name: 'Dan' }),
    eventOf('user.email-changed', dan, 2, { email: 'dan@second.example' }),
    eventOf('user.email-changed', dan, 3, { email: 'dan@third.example' }),
  ];
  const mailed = timesHandled(notifications, 'user.registered', SEND_EMAIL);
  const isMailedOnce = () => timesHandled(notifications, 'user.registered', SEND_EMAIL) === mailed + 1;
  await queues.send(SEND_EMAIL, first);
  await narrator.observe(`${SEND_EMAIL} handled his registration`, isMailedOnce);
  // When both are in work at one time, the second is looked at again only when the first one's lease ends.
  await queues.send(SEND_EMAIL, first);
  await narrator.observe(
    '… and dropped it when it came again',
    async () => isMailedOnce() && (await isIdle(SEND_EMAIL)) && (await isIdle(COMMANDS)),
  );
  await narrator.observe(
    'he has one mail',
    () => mail.mails.filter(({ subject }) => subject.endsWith('Dan')).length === 1,
  );
  const moved = timesHandled(notifications, 'user.email-changed', UPDATE_RECIPIENT);
  await queues.send(UPDATE_RECIPIENT, third);
  await narrator.observe(
    `${UPDATE_RECIPIENT} (ordering: latest) handled his third event`,
    () => timesHandled(notifications, 'user.email-changed', UPDATE_RECIPIENT) === moved + 1,
  );
  await queues.send(UPDATE_RECIPIENT, second);
  await narrator.observe(
    '… and skipped his second, which came too late',
    async () =>
      (await isIdle(UPDATE_RECIPIENT)) &&
      timesHandled(notifications, 'user.email-changed', UPDATE_RECIPIENT) === moved + 1,
  );
  await queues.send(DIRECTORY, third);
  await queues.send(DIRECTORY, second);
  await narrator.observe(
    `${DIRECTORY} (ordering: sequential) keeps both waiting for his first`,
    async () => (await queues.inFlight(DIRECTORY)) === 2 && !directoryHas('unknown <dan@'),
  );
  await queues.send(DIRECTORY, first);
  await narrator.observe('… and handled all three in their order', () => {
    const told = notifications.lines.filter(line => line.includes(' <dan@')).map(line => line.slice(-1));
    return told.join() === '1,2,3';
  });

  narrator.chapter('8. Ada leaves.');
  const removed = await http('DELETE', `/users/${ada}`);
  await narrator.observe(
    'DELETE /users/:id answers 204, GET answers 404',
    async () => removed.status === 204 && (await http('GET', `/users/${ada}`)).status === 404,
  );
  await narrator.observe(`users commands notifications: ${COMMANDS} / cancel-user-mails`, () =>
    handled(notifications, 'cancel-user-mails', COMMANDS),
  );
  await narrator.observe('users commands itself: users-async-commands.fifo / deactivate-user', () =>
    handled(users, 'deactivate-user', 'users-async-commands.fifo'),
  );
  await narrator.observe('notifications forgets her: forget-recipient-on-user-deleted', () =>
    handled(notifications, 'user.deleted', 'forget-recipient-on-user-deleted'),
  );
  await narrator.observe(`and so does its directory: ${DIRECTORY}`, () => directoryHas('Ada left, version 3'));

  narrator.chapter('9. Nothing is left behind.');
  await narrator.observe(`all ${QUEUES.length} queues are empty`, async () =>
    (await Promise.all(QUEUES.map(queue => queues.count(queue)))).every(count => count === 0),
  );
  await narrator.observe('their dead letter queues hold the poisoned message, and nothing else', async () => {
    const letters = QUEUES.map(queue =>
      queue.endsWith('.fifo') ? queue.replace('.fifo', '-dlq.fifo') : `${queue}-dlq`,
    );
    const counts = await Promise.all(letters.map(queue => queues.count(queue)));
    return counts.reduce((sum, count) => sum + count, 0) === 1;
  });
}

/** As `users` announces it (docs/wire-format.md). */
const eventOf = (type, id, version, data) =>
  JSON.stringify({
    specversion: '1.0',
    id: randomUUID(),
    source: 'users',
    type,
    time: new Date().toISOString(),
    subject: id,
    sequence: String(version),
    datacontenttype: 'application/json',
    data: { id, version, ...data },
  });
