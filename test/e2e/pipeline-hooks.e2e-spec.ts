import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, type ClientProxy } from '@nestjs/microservices';
import { OnDomainEvent, SnsRecordBuilder, SQS_TRANSPORT, SqsContext } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const OTHER = '00-11111111111111111111111111111111-2222222222222222-01';

type Hook = (packet: { pattern: unknown; metadata?: Record<string, string> }) => void;
/** Since Nest 12.0.4. */
const setHook = (client: ClientProxy, hook: Hook): boolean => {
  const { setOnDispatchHook } = client as { setOnDispatchHook?: (hook: Hook) => void };
  setOnDispatchHook?.call(client, hook);
  return setOnDispatchHook !== undefined;
};

describe('the hooks of instrumentation', () => {
  const here = world();

  it('of the server run around each message: with its context, and an end even if the handler fails', async () => {
    const trace: string[] = [];
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      registered(@Ctx() context: SqsContext): void {
        trace.push('event');
        if (context.getAttempt() === 1) throw new Error('once');
      }

      @MessagePattern('ask')
      ask(): string {
        trace.push('request');
        return 'answer';
      }
    }
    const { server } = await here.start([Work]);
    // Nest's type says void, and its own instrumentation gives the promise.
    const start = (transport: unknown, context: unknown, done: () => Promise<unknown>): unknown => {
      trace.push(`start ${String(transport === SQS_TRANSPORT)} ${(context as SqsContext).getPattern()}`);
      return done();
    };
    server.setOnProcessingStartHook(start as Parameters<typeof server.setOnProcessingStartHook>[0]);
    server.setOnProcessingEndHook((_, context) => trace.push(`end ${(context as SqsContext).getPattern()}`));
    await here.events().emit('user.registered', {});
    await waitFor('both attempts', () => trace.length === 6);
    const around = ['start true user.registered', 'event', 'end user.registered'];
    expect(trace.splice(0)).toEqual([...around, ...around]);
    expect(await lastValueFrom(here.commands().client.send('ask', {}))).toBe('answer');
    await waitFor('the end of the request', () => trace.length === 3);
    expect(trace).toEqual(['start true ask', 'request', 'end ask']);
  });

  it('of a client see each packet, and the trace context that they give travels with it', async () => {
    const seen: Array<[string, string | undefined]> = [];
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      registered(@Ctx() context: SqsContext): void {
        seen.push(['event', context.getMetadata().traceparent]);
      }

      @MessagePattern('ask')
      ask(@Ctx() context: SqsContext): string | undefined {
        return context.getMetadata().traceparent;
      }
    }
    await here.start([Work]);
    const events = here.events();
    const { client } = here.commands();
    const packets: unknown[] = [];
    const hook: Hook = packet => {
      packets.push(packet.pattern);
      packet.metadata = { traceparent: TRACE };
    };
    const hasHooks = [events.client, client].map(one => setHook(one, hook)).every(Boolean);
    await events.emit('user.registered', {});
    await waitFor('the event', () => seen.length === 1);
    await events.emit('user.registered', new SnsRecordBuilder({}).setTraceparent(OTHER).build());
    await waitFor('the record', () => seen.length === 2);
    const answer = await lastValueFrom(client.send<string | undefined>('ask', {}), { defaultValue: undefined });
    const given = hasHooks ? TRACE : undefined;
    expect(seen).toEqual([
      ['event', given],
      ['event', OTHER],
    ]);
    expect(answer).toBe(given);
    expect(packets).toEqual(hasHooks ? ['user.registered', 'user.registered', 'ask'] : []);
  });

  it('of a client attach metadata that travels whole, with events and with requests', async () => {
    const seen: Array<Record<string, string | undefined>> = [];
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work', ordering: 'latest' })
      registered(@Ctx() context: SqsContext): void {
        seen.push(context.getMetadata());
      }

      @MessagePattern('ask')
      ask(@Ctx() context: SqsContext): string {
        return context.getMetadata()['tenant'] ?? 'none';
      }
    }
    await here.start([Work]);
    const events = here.events();
    const { client } = here.commands();
    const given = { tenant: 'acme', 'x-request-id': 'ä 🙈', subject: 'of-the-hook', id: 'of-the-hook' };
    const hook: Hook = packet => void (packet.metadata = given);
    const hasHooks = [events.client, client].map(one => setHook(one, hook)).every(Boolean);
    const record = new SnsRecordBuilder({}).setId('1').setSubject('user-1').setSequence(7).build();
    await events.emit('user.registered', record);
    await waitFor('the event', () => seen.length === 1);
    const { time } = seen[0] ?? {};
    expect(seen[0]).toEqual({
      ...(hasHooks && given),
      id: '1',
      source: 'users',
      type: 'user.registered',
      time,
      subject: 'user-1',
      sequence: '7',
    });
    expect(await lastValueFrom(client.send<string>('ask', {}))).toBe(hasHooks ? 'acme' : 'none');
  });
});
