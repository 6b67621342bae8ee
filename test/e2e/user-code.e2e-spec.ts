import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { OnDomainEvent, type ClientSNS, type InboxStore, type ServerSQS, type SqsContext } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { waitFor } from '../support/wait-for.js';
import { world, type StartOptions } from '../support/world.js';

const no = (): never => {
  throw Object.assign(new Error('x'), { message: ['user code is broken'] });
};
const rejects = (): unknown => Promise.reject(new Error('user code is broken'));
const never = (): Promise<never> => new Promise(() => undefined);

const nothing = (): void => undefined;

const CHANNELS = ['received', 'started', 'settled', 'publishing', 'published', 'status'];

interface Event {
  is: 'good' | 'bad';
}
const isBad = (value: unknown): boolean => /"is\\*":\\*"bad/.test(JSON.stringify(value));
/** Broken for one message only. */
const forBad =
  (broken: () => unknown, otherwise: (input: never) => unknown) =>
  (input: never): never =>
    (isBad(input) ? broken() : otherwise(input)) as never;

describe('user code that is broken stops nothing but its own:', () => {
  const here = world();

  async function service(options: StartOptions = {}) {
    const handled: string[] = [];
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      work(@Payload() { is }: Event): void {
        handled.push(is);
      }
    }
    const { server } = await here.start([Work], options);
    return { server, handled };
  }

  const deserialize = (body: string) => {
    const { type, data } = JSON.parse(body) as { type: string; data: unknown };
    return { pattern: type, data };
  };
  const hooked = (start: (context: { getMessage(): unknown }, done: () => unknown) => unknown) => (server: ServerSQS) =>
    server.setOnProcessingStartHook(((_: unknown, context: never, done: () => unknown) =>
      start(context, done)) as unknown as Parameters<ServerSQS['setOnProcessingStartHook']>[0]);

  const ofOneMessage: Array<[string, StartOptions, (server: ServerSQS) => void]> = [
    ['a deserializer that throws', { deserializer: { deserialize: forBad(no, deserialize) } }, nothing],
    ['a deserializer that rejects', { deserializer: { deserialize: forBad(rejects, deserialize) } }, nothing],
    [
      'a deserializer that never ends',
      { deserializer: { deserialize: forBad(never, deserialize) }, consumer: { handlerTimeoutMs: 200 } },
      nothing,
    ],
    ['a start hook that throws', {}, hooked((context, done) => (isBad(bodyOf(context)) ? no() : done()))],
    ['a start hook that rejects', {}, hooked((context, done) => (isBad(bodyOf(context)) ? rejects() : done()))],
    [
      'a start hook that never begins',
      { consumer: { handlerTimeoutMs: 200 } },
      hooked((context, done) => (isBad(bodyOf(context)) ? undefined : done())),
    ],
  ];

  it.each(ofOneMessage)('%s concerns one message', async (_, options, arrange) => {
    const { server, handled } = await service({ concurrency: 2, ...options });
    arrange(server);
    const events = here.events();
    for (const is of ['good', 'bad', 'bad', 'bad', 'good', 'good']) await events.emit('user.registered', { is });
    await waitFor('the good ones', () => handled.length >= 3);
    expect(handled).toEqual(['good', 'good', 'good']);
    const letters = here.queue('work-on-user-registered-dlq');
    await waitFor('the letters', async () => (await letters.size()) === 3);
  });

  it.each<[string, (server: ServerSQS) => void]>([
    ['an end hook that throws', server => server.setOnProcessingEndHook(no)],
    ['an end hook that rejects', server => server.setOnProcessingEndHook(rejects)],
    ['a start hook that throws afterwards', hooked(async (_, done) => (await done(), no()))],
  ])('%s leaves a handled message handled', async (_, arrange) => {
    const { server, handled } = await service();
    arrange(server);
    const events = here.events();
    for (let count = 0; count < 5; count += 1) await events.emit('user.registered', { is: 'good' });
    await waitFor('all', () => handled.length === 5);
    await here.queue('work-on-user-registered').untilEmpty();
    expect(handled).toHaveLength(5);
  });

  it('subscribers of every diagnostics channel', async () => {
    for (const name of CHANNELS) subscribe(`nestjs-sns-sqs:${name}`, no);
    here.onClose(() => CHANNELS.forEach(name => unsubscribe(`nestjs-sns-sqs:${name}`, no)));
    const { handled } = await service();
    await here.events().emit('user.registered', { is: 'good' });
    await waitFor('it', () => handled.length === 1);
    await here.queue('work-on-user-registered').untilEmpty();
  });

  it.each([
    ['throws', no],
    ['rejects', rejects as () => never],
  ])("a listener of the server's errors that %s: the store comes back, and all is handled", async (_, listener) => {
    let isAway = false;
    const { MemoryInboxStore } = await import('nestjs-sns-sqs');
    const store: InboxStore = new MemoryInboxStore();
    const claim = store.claim.bind(store);
    store.claim = (...args) => (isAway ? Promise.reject(new Error('away')) : claim(...args));
    const { server, handled } = await service({ inbox: { store } });
    server.on('error', listener);
    isAway = true;
    await here.events().emit('user.registered', { is: 'good' });
    await waitFor('the fault', () => server.health().inbox?.status === 'down');
    isAway = false;
    await waitFor('the message', () => handled.length === 1);
    expect(server.health().status).toBe('up');
  });

  it.each([
    ['throws', {}, no],
    ['rejects', {}, rejects],
    ["of a batch's signal throws", { batch: { size: 2, windowMs: 10 } }, no],
  ])(
    "a listener of a handler's signal that %s: the attempt has failed, and the next one begins",
    async (_, batch, listener) => {
      let calls = 0;
      @Controller()
      class Work {
        @OnDomainEvent('user.registered', { from: 'users', useCase: 'work', ...batch })
        async work(@Ctx() context: SqsContext): Promise<void> {
          calls += 1;
          if (calls > 1) return;
          const signal = context.getSignal();
          signal.addEventListener('abort', listener);
          await new Promise(resolve => signal.addEventListener('abort', resolve));
        }
      }
      await here.start([Work], { consumer: { handlerTimeoutMs: 100 } });
      await here.events().emit('user.registered', {});
      await waitFor('the next attempt', () => calls === 2);
      await here.queue('work-on-user-registered').untilEmpty();
      expect(here.logs.with('a listener of the signal of', 'error')).toHaveLength(1);
    },
  );

  it.each<[string, (client: ClientSNS) => void]>([
    ['throws', client => client.on('error', no)],
    ['rejects', client => client.on('error', rejects)],
  ])("a listener of a client's errors that %s: each emit has its end", async (_, arrange) => {
    const { client } = here.events({ serializer: { serialize: forBad(no, event => event) } });
    await here.events().emit('another.type', {});
    arrange(client);
    const emitted = ['bad', 'good', 'bad'].map(is => lastValueFrom(client.emit('user.registered', { is })));
    const ends = await Promise.allSettled(emitted);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
  });
});

const bodyOf = (context: { getMessage(): unknown }): unknown => (context.getMessage() as { Body: string }).Body;
