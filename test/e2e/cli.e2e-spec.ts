import type { TopologyDocument } from '../../libs/nestjs-sns-sqs/src/topology/topology-document.js';
import { CompiledCli } from '../support/compiled-cli.js';
import type { Grouped } from '../support/group-many-letters.js';

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
    const [users, again, notifications] = await Promise.all([
      cli.run(['topology', 'print', '--app', USERS]),
      cli.run(['topology', 'print', '--app', USERS]),
      cli.run(['topology', 'print', '--app', NOTIFICATIONS, '--service', 'notifications']),
    ]);
    expect(users).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toBe(users.stdout);
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
    // The samples load drivers and telemetry, cold.
  }, 90_000);

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
    const end = await cli.run(['topology', 'print', '--app', 'app.cjs']);
    expect(end).toMatchObject({ code: 0, stderr: 'an app that talks\n' });
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
    const app = (fields: string): string => `import 'reflect-metadata';
      import { Module, Controller } from '@nestjs/common';
      import { SnsSqsModule, defineContract } from 'nestjs-sns-sqs';
      import { z } from 'zod';
      export const users = defineContract('users', {
        events: { 'user.registered': z.object({ ${fields} }) },
        commands: { 'deactivate-user': z.object({ id: z.string() }) },
      });
      class Users { deactivate() {} }
      users.OnCommand('deactivate-user')(Users.prototype, 'deactivate', Object.getOwnPropertyDescriptor(Users.prototype, 'deactivate'));
      Controller()(Users);
      export class App {}
      Module({ imports: [SnsSqsModule.forRoot({ service: 'users' })], controllers: [Users] })(App);`;
    await cli.write('contract-before.js', app('id: z.string(), email: z.email()'));
    await cli.write('contract-after.js', app('id: z.string()'));
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
  }, 90_000);

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
  }, 90_000);

  it('takes less than 2 s beyond the start of an app with 200 use cases', async () => {
    await cli.write(
      'many.js',
      `import 'reflect-metadata';
      import { Module, Controller } from '@nestjs/common';
      import { SnsSqsModule, OnDomainEvent } from 'nestjs-sns-sqs';
      class Handlers {}
      for (let n = 0; n < 200; n += 1) {
        Object.defineProperty(Handlers.prototype, 'on' + n, { value() {}, writable: true, configurable: true });
        const descriptor = Object.getOwnPropertyDescriptor(Handlers.prototype, 'on' + n);
        OnDomainEvent('event.' + n, { from: 'users', useCase: 'use-case-' + n })(Handlers.prototype, 'on' + n, descriptor);
      }
      Controller()(Handlers);
      export class Many {}
      Module({ imports: [SnsSqsModule.forRoot({ service: 'many' })], controllers: [Handlers] })(Many);
      process.on('exit', () => {
        const { user, system } = process.cpuUsage();
        process.stderr.write(String((user + system) / 1000));
      });`,
    );
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
});
