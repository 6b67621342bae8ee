import { Controller, type INestMicroservice, type Type } from '@nestjs/common';
import { Ctx, EventPattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  MemoryInboxStore,
  ServerSQS,
  SQS_TRANSPORT,
  SqsContext,
  type InboxStore,
  type ServerSQSOptions,
} from 'nestjs-sns-sqs';

/** An inbox that several servers of one test share, as they would a Redis. */
export function sharedStore(): InboxStore {
  return Object.defineProperty(new MemoryInboxStore(), 'isShared', { value: true });
}

/** What a version of a service listens to. */
export interface Listens {
  pattern: string;
  /** As the third argument of `@EventPattern`; none: a command. */
  extras?: Record<string, unknown>;
}

export interface VersionSpec {
  listens: Listens[];
  options?: Partial<ServerSQSOptions>;
}

/** One call of a handler. */
export interface Handled {
  version: string;
  type: string;
  subject: string;
  n: number;
}

/** A controller that listens to these patterns and tells what it handled. */
export function controllerOf(listens: readonly Listens[], note: (handled: Omit<Handled, 'version'>) => void): Type {
  class Work {}
  for (const [at, { pattern, extras }] of listens.entries()) {
    const name = `handle${at}`;
    const handle = (data: { n: number }, context: SqsContext): void => {
      const { type, subject = '' } = context.getMetadata();
      note({ type, subject, n: data.n });
    };
    Object.defineProperty(Work.prototype, name, { value: handle, writable: true, configurable: true });
    const descriptor = Object.getOwnPropertyDescriptor(Work.prototype, name) ?? {};
    Payload()(Work.prototype, name, 0);
    Ctx()(Work.prototype, name, 1);
    EventPattern<string>(pattern, SQS_TRANSPORT, extras ?? {})(Work.prototype, name, descriptor);
  }
  Controller()(Work);
  return Work;
}

/** An instance of a version, listening. */
export async function startVersion(
  name: string,
  { listens, options }: VersionSpec,
  server: ServerSQSOptions,
  handled: Handled[],
): Promise<INestMicroservice> {
  const strategy = new ServerSQS({ ...server, ...options, consumer: { ...server.consumer, ...options?.consumer } });
  const controllers = [controllerOf(listens, call => void handled.push({ version: name, ...call }))];
  const module = await Test.createTestingModule({ controllers }).compile();
  const app = module.createNestMicroservice<MicroserviceOptions>({ strategy, logger: false });
  await app.listen();
  return app;
}
