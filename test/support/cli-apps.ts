/** A module that exports `App`, whose contract has an event with these fields. */
export const contractApp = (fields: string): string => `import 'reflect-metadata';
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

/** A module that exports `Many`, with 200 use cases. It writes the CPU time that it took to stderr, in milliseconds. */
export const MANY_USE_CASES = `import 'reflect-metadata';
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
      });`;
