import 'reflect-metadata';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { SQS_TRANSPORT } from '../constants.js';
import { OnCommand } from './on-command.decorator.js';
import { OnDomainEvent } from './on-domain-event.decorator.js';
import { OnRequest } from './on-request.decorator.js';

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
