// Preloaded (`node --import`) by the processes of `notifications` that run its second release, beside others that run
// its first: the built service with one handler more, in a queue of its own, one command more, and the second version of
// an event in the queues of the first.
import { Controller, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OnCommand, OnDomainEvent, type OnDomainEventOptions } from '#lib/index.js';
import { SECOND_RELEASE } from './releases.ts';

const FIRST_QUEUES: OnDomainEventOptions[] = [
  {
    from: 'users',
    useCase: 'update-recipient',
    queue: 'update-recipient-on-user-email-changed',
    ordering: 'latest',
  },
  {
    from: 'users',
    useCase: 'user-directory',
    queue: 'user-directory-on-user-events',
    ordering: 'sequential',
    startAt: 1,
    gapTimeoutMs: 1_800_000,
    onGapTimeout: 'proceed',
  },
];
const EVENTS = [...FIRST_QUEUES, { from: 'users', useCase: 'audit' }];

/** What these handlers do is of no account: that they were run is written down. Node runs no decorators, so they are called. */
function handlers(): Type {
  class SecondRelease {}
  const add = (name: string, decorator: MethodDecorator): void => {
    const value = (): void => undefined;
    Object.defineProperty(SecondRelease.prototype, name, { value, writable: true, configurable: true });
    decorator(SecondRelease.prototype, name, Object.getOwnPropertyDescriptor(SecondRelease.prototype, name) ?? {});
  };
  EVENTS.forEach((options, at) => add(`event${at}`, OnDomainEvent(SECOND_RELEASE.event, options)));
  add('command', OnCommand(SECOND_RELEASE.command));
  Controller()(SecondRelease);
  return SecondRelease;
}

const factory = NestFactory as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
const original = factory['createMicroservice'];
factory['createMicroservice'] = (module, ...rest) => {
  class WithSecondRelease {}
  Module({ imports: [module as Type], controllers: [handlers()] })(WithSecondRelease);
  if (!original) throw new Error('NestFactory.createMicroservice is no function');
  return original.call(NestFactory, WithSecondRelease, ...rest);
};
