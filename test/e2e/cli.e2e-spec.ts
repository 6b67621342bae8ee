import { jest } from '@jest/globals';
import { COMMANDS } from '../../libs/nestjs-sns-sqs/src/cli/commands.js';
import { documentWith, queueWith } from '../../libs/nestjs-sns-sqs/test/document-with.js';
import type { TopologyDocument } from '../../libs/nestjs-sns-sqs/src/topology/topology-document.js';
import { contractApp, MANY_USE_CASES } from '../support/cli-apps.js';
import { CompiledCli } from '../support/compiled-cli.js';
import type { Grouped } from '../support/group-many-letters.js';
import { TroubledAccount } from '../support/troubled-account.js';
import { waitFor } from '../support/wait-for.js';

/** A template of them is more than a pipe holds. */
const manyQueues = () => Array.from({ length: 100 }, (_, n) => queueWith({ name: `queue-${n}` }));

// It starts processes, and a machine may be busy. Each has a limit of its own.
jest.setTimeout(90_000);

/** The command as a process, against the sample apps and against apps that are broken. */
describe('the command nestjs-sns-sqs', () => {
  let cli: CompiledCli;
  beforeAll(async () => {
    cli = await CompiledCli.compile();
  });
  afterAll(() => cli.remove());

  const USERS = 'apps/users/src/users.module.js#UsersModule';
  const NOTIFICATIONS = 'apps/notifications/src/notifications.module.js#NotificationsModule';

  it('prints the topology of the samples, with no credentials, no region and no network', async () => {
    // A database that is not there, in place of one in the process, which takes as long as all the rest.
    const env = { DATABASE_URL: 'postgres://nobody:nothing@127.0.0.1:9/none' };
    const [users, notifications] = await Promise.all([
      cli.run(['topology', 'print', '--app', USERS], env),
      cli.run(['topology', 'print', '--app', NOTIFICATIONS, '--service', 'notifications'], env),
    ]);
    expect(users).toMatchObject({ code: 0, stderr: '' });
    const document = JSON.parse(users.stdout) as TopologyDocument;
    expect(document.publishers.map(({ topic }) => topic)).toEqual(['users-domain-events']);
    expect(document.senders.map(({ queue }) => queue)).toEqual([
      'notifications-async-commands.fifo',
      'users-async-commands.fifo',
    ]);
    expect(notifications).toMatchObject({ code: 0, stderr: '' });
    const { services } = JSON.parse(notifications.stdout) as TopologyDocument;
    expect(services.flatMap(({ queues }) => queues.map(({ name }) => name))).toContain(
      'notifications-async-commands.fifo',
    );
  });

  it('reads an app in CommonJS, and keeps what the app writes out of the result', async () => {
    await cli.write(
      'app.cjs',
      `require('reflect-metadata');
      const { Module } = require('@nestjs/common');
      const { SnsSqsModule } = require('nestjs-sns-sqs');
      console.log('an app that talks');
      class AppModule {}
      Module({ imports: [SnsSqsModule.forRoot({ service: 'talks' })] })(AppModule);
      setInterval(() => {}, 1000);
      exports.createModule = async () => AppModule;`,
    );
    const print = () => cli.run(['topology', 'print', '--app', 'app.cjs']);
    const [end, again] = await Promise.all([print(), print()]);
    expect(end).toMatchObject({ code: 0, stderr: 'an app that talks\n' });
    expect(again.stdout).toBe(end.stdout);
    expect((JSON.parse(end.stdout) as TopologyDocument).services).toMatchObject([{ service: 'talks', queues: [] }]);
  });

  it.each([
    ['throws when it is loaded', `throw new Error('no such database');`, /could not be loaded: no such database/],
    ['has no such export', `export class Other {}; export class More {}`, /exports More, Other|exports Other, More/],
    [
      'misses a provider',
      `import 'reflect-metadata';
      import { Module, Inject } from '@nestjs/common';
      class Needy {}
      Inject('MISSING')(Needy, undefined, 0);
      export class App {}
      Module({ providers: [Needy] })(App);`,
      /could not be made: .*resolve dependencies of the Needy/,
    ],
  ])('says why an app cannot be read that %s', async (name, source, message) => {
    const file = `${name.replaceAll(' ', '-')}.js`;
    await cli.write(file, source);
    const end = await cli.run(['topology', 'print', '--app', `${file}#App`]);
    expect(end).toMatchObject({ code: 1, stdout: '' });
    expect(end.stderr).toMatch(message);
  });

  it('writes contracts for other teams: AsyncAPI, what broke, a package, a page', async () => {
    await cli.write('contract-before.js', contractApp('id: z.string(), email: z.email()'));
    await cli.write('contract-after.js', contractApp('id: z.string()'));
    const written = await cli.run(['asyncapi', '--app', 'contract-before.js#App']);
    expect(written).toMatchObject({ code: 0, stderr: '' });
    await cli.write('before.json', written.stdout);
    const diff = (file: string) => cli.run(['asyncapi', '--app', `${file}#App`, '--diff', 'before.json', '--json']);
    const [same, broken, exported, page] = await Promise.all([
      diff('contract-before.js'),
      diff('contract-after.js'),
      cli.run(['contracts', 'export', '--app', 'contract-before.js#App', '--out', 'users-contract']),
      cli.run(['catalogue', 'before.json', '--out', 'catalogue']),
    ]);
    expect(same).toMatchObject({ code: 0, stdout: '[]\n' });
    expect(broken.code).toBe(2);
    expect(JSON.parse(broken.stdout)).toEqual([
      { isBreaking: true, where: 'users.user.registered', what: 'email is gone' },
    ]);
    expect([exported, page]).toMatchObject([{ code: 0 }, { code: 0 }]);
    const types = await cli.read('users-contract/index.d.ts');
    expect(types).toContain('export type UserRegistered = {\n  id: string;\n  email: string;\n}');
    const use = await cli.node([
      '-e',
      `console.log(require('./users-contract').events, require('./users-contract').topic)`,
    ]);
    expect(use.stdout).toBe("[ 'user.registered' ] users-domain-events\n");
    expect(await cli.read('catalogue/index.html')).toContain('users.user.registered');
  });

  /** In MB. Their bodies are 80 MB. */
  const HEAP = 56;

  it(`groups 20,000 dead letters in ${HEAP} MB`, async () => {
    const file = await cli.script('group-many-letters');
    const end = await cli.node([`--max-old-space-size=${HEAP}`, file, '20000']);
    expect(end).toMatchObject({ code: 0, stderr: '' });
    const { progress, peakHeap, ...grouped } = JSON.parse(end.stdout) as Grouped;
    expect(grouped).toEqual({ read: 20_000, groups: 1_001, counted: 20_000 });
    expect(progress).toBeGreaterThan(200);
    expect(peakHeap).toBeLessThan(HEAP + 20);
  });

  it('takes less than 2 s beyond the start of an app with 200 use cases', async () => {
    await cli.write('many.js', MANY_USE_CASES);
    await cli.write(
      'start-many.js',
      `import { NestFactory } from '@nestjs/core';
      import { Many } from './many.js';
      await NestFactory.createApplicationContext(Many, { logger: false });
      process.exit();`,
    );
    // CPU time: the machine may be busy.
    const start = await cli.node(['start-many.js']);
    const print = await cli.run(['topology', 'print', '--app', 'many.js#Many']);
    expect((JSON.parse(print.stdout) as TopologyDocument).services[0]?.queues).toHaveLength(200);
    expect(Number(print.stderr) - Number(start.stderr)).toBeLessThan(2_000);
  });

  /** All of them where EXHAUSTIVE is set: each is a process. */
  const some = <T>(all: T[], sample: number[]): T[] =>
    process.env['EXHAUSTIVE'] ? all : all.filter((_, at) => sample.includes(at));
  const STACK = /^ +at /m;

  it.each(some(['', ...COMMANDS.map(({ path }) => path)], [0, 11]))('helps: %s', async path => {
    const end = await cli.run([...path.split(' ').filter(word => word !== ''), '--help']);
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(end.stdout).toContain(`Usage: nestjs-sns-sqs ${path}`);
  });

  it.each(
    some(
      [
        'topology print',
        'topology plan',
        'topology diff',
        'topology prune --dry-run',
        'topology export --format iam',
        'doctor',
        'asyncapi',
        'catalogue --out out',
        'contracts export --out out',
        'dlq redrive orders-dlq --all --dry-run',
      ],
      [9],
    ),
  )('%s of a broken app says why, with no stack', async words => {
    await cli.write('broken.js', `throw new Error('no such database');`);
    const end = await cli.run([...words.split(' '), '--app', 'broken.js#App']);
    expect(end).toMatchObject({ code: 1, stdout: '' });
    expect(end.stderr).toMatch(/^error: .*no such database/);
    expect(end.stderr).not.toMatch(STACK);
  });

  describe('and an account in trouble', () => {
    const account = new TroubledAccount();
    const AWS = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
    beforeAll(async () => {
      await account.open();
      await cli.write('document.json', JSON.stringify(documentWith({ queues: manyQueues() })));
    });
    afterAll(() => account.close());

    it.each(
      some<[number, string]>(
        [
          [1, 'topology plan --from document.json'],
          [1, 'topology diff --from document.json'],
          [1, 'topology prune --from document.json --yes'],
          [1, 'topology export --format terraform --import --from document.json'],
          [2, 'doctor --from document.json'],
          [1, 'dlq ls'],
          [1, 'dlq groups orders-dlq'],
          [1, 'dlq show orders-dlq'],
          [1, 'dlq redrive orders-dlq --all --yes'],
          [1, 'dlq edit orders-dlq id --data {} --yes'],
          [1, 'dlq discard orders-dlq --all --yes'],
          [1, 'dlq export orders-dlq letters.jsonl --all'],
        ],
        [1, 4],
      ),
    )('ends with %d where each call is denied, after a while: %s', async (code, words) => {
      account.answers = 'denied';
      const end = await cli.run([...words.split(' '), '--endpoint', account.url], AWS);
      expect(end.code).toBe(code);
      expect(code === 2 ? end.stdout : end.stderr).toMatch(/may not call|ACCESS_DENIED/);
      expect(end.stderr).not.toMatch(STACK);
    });

    it('can be interrupted where a call is never answered', async () => {
      account.answers = 'never';
      const { child, ended } = cli.start(['dlq', 'ls', '--endpoint', account.url], AWS);
      await waitFor('the call', () => account.waiting > 0);
      child.kill('SIGINT');
      expect(await ended).toMatchObject({ signal: 'SIGINT', stdout: '' });
    });

    it('ends well where a reader has seen enough, such as head', async () => {
      const script = 'set -o pipefail; "$0" "$1" topology export --format terraform --from document.json | head -c 10';
      expect(await cli.shell(script)).toEqual({ code: 0, stdout: 'terraform ', stderr: '' });
    });
  });
});
