import 'reflect-metadata';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { SQS_TRANSPORT } from '../constants.js';
import { defineContract } from '../contracts/contract.js';
import { typed } from '../contracts/shapes.js';
import type { SqsHandlerExtras } from '../interfaces/handler-extras.interface.js';
import { OnCommand } from './on-command.decorator.js';
import { OnDomainEvent } from './on-domain-event.decorator.js';
import { OnRequest } from './on-request.decorator.js';
import { resolveHandlerNames } from '../options/handler-names.js';

/** Everything that a decorator writes on a method, by key. */
function writtenBy(...decorators: MethodDecorator[]): Record<string, unknown> {
  class Controller {
    handle(): void {}
  }
  const descriptor = Object.getOwnPropertyDescriptor(Controller.prototype, 'handle') ?? {};
  for (const decorate of decorators) decorate(Controller.prototype, 'handle', descriptor);
  const method = descriptor.value as object;
  return Object.fromEntries(
    Reflect.getMetadataKeys(method).map(key => [String(key), Reflect.getMetadata(key, method) as unknown]),
  );
}

describe('OnDomainEvent', () => {
  it("is short for @EventPattern with the publisher's topic and the use case's own queue", () => {
    const written = writtenBy(OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' }));
    expect(written).toEqual(
      writtenBy(
        EventPattern<string>('user.registered', SQS_TRANSPORT, {
          topic: 'users-domain-events',
          queue: 'send-email-on-user-registered',
        }),
      ),
    );
    expect(Object.values(written)).toContain(SQS_TRANSPORT);
  });

  it('takes other names for topic and queue', () => {
    const options = { from: 'users', useCase: 'audit', topic: 'all-events', queue: 'audit' };
    expect(writtenBy(OnDomainEvent('user.*', options))).toEqual(
      writtenBy(EventPattern<string>('user.*', SQS_TRANSPORT, { topic: 'all-events', queue: 'audit' })),
    );
  });
});

describe('a decorator without a name', () => {
  const start = (decorate: MethodDecorator) => (): unknown => {
    const extras = Object.values(writtenBy(decorate)).find(
      (each): each is SqsHandlerExtras => typeof each === 'object' && each !== null && 'queue' in each,
    );
    return resolveHandlerNames([{ pattern: 'user.registered', extras: extras ?? {} }], { service: 'mail' });
  };

  it.each<[string, unknown, string]>([
    ['undefined, such as a variable that is not set', undefined, 'undefined'],
    ['an empty text', '', "''"],
    ['a number', 7, 'number'],
  ])('is refused at the start, for %s', (_, given, shown) => {
    const users = defineContract('users', { events: { 'user.registered': typed<{ id: string }>() } });
    const name = given as string;
    const why = `must be a non-empty string, and is ${shown}`;
    const useCase = `user.registered: the extra \`queue\`: \`useCase\` ${why}`;

    expect(start(OnDomainEvent('user.registered', { from: 'users', useCase: name }))).toThrow(useCase);
    expect(start(users.OnEvent('user.registered', { useCase: name }) as MethodDecorator)).toThrow(useCase);
    expect(start(OnDomainEvent('user.registered', { from: name, useCase: 'send-email' }))).toThrow(
      `user.registered: the extra \`topic\`: \`from\` ${why}`,
    );
  });
});

describe('OnCommand', () => {
  it("is short for @EventPattern without extras: the service's own command queue", () => {
    expect(writtenBy(OnCommand('send-welcome-email'))).toEqual(
      writtenBy(EventPattern<string>('send-welcome-email', SQS_TRANSPORT)),
    );
  });
});

describe('OnRequest', () => {
  it("is short for @MessagePattern: the service's own command queue", () => {
    expect(writtenBy(OnRequest('sum'))).toEqual(writtenBy(MessagePattern<string>('sum', SQS_TRANSPORT)));
  });
});

describe('each decorator', () => {
  const options = { concurrency: 2, backoff: { factor: 2 }, transport: Symbol('other') };
  const { transport, ...extras } = options;

  it('writes the options of its queue beside the names', () => {
    expect(writtenBy(OnCommand('c', options))).toEqual(writtenBy(EventPattern<string>('c', transport, extras)));
    expect(writtenBy(OnRequest('r', options))).toEqual(writtenBy(MessagePattern<string>('r', transport, extras)));
    expect(writtenBy(OnDomainEvent('e', { from: 'f', useCase: 'u', ...options }))).toEqual(
      writtenBy(EventPattern<string>('e', transport, { ...extras, topic: 'f-domain-events', queue: 'u-on-e' })),
    );
  });
});
