import { expectTypeOf } from 'expect-type';
import { lastValueFrom, of } from 'rxjs';
import { z } from 'zod';
import { SQS_TRANSPORT } from '../constants.js';
import { SnsRecordBuilder } from '../record-builders/sns-record.builder.js';
import { defineContract } from './contract.js';
import { typed, type InputOf, type OutputOf } from './shapes.js';

const registered = z.object({ id: z.string(), at: z.string().transform(text => new Date(text)) });

const users = defineContract('users', {
  events: { 'user.registered': registered, 'user.deleted': typed<{ id: string }>() },
  commands: { 'deactivate-user': z.object({ userId: z.string() }) },
});

function clientByHand() {
  const emitted: Array<[string, unknown]> = [];
  const emit = (pattern: string, data: unknown) => {
    emitted.push([pattern, data]);
    return of(undefined);
  };
  return { client: { emit }, emitted };
}

const violates = expect.objectContaining({ code: 'CONTRACT_VIOLATION' }) as Error;

describe('a contract', () => {
  it('publishes what fits, as it was given', async () => {
    const { client, emitted } = clientByHand();
    const data = { id: 'u', at: '2026-01-01T00:00:00Z' };
    await lastValueFrom(users.events(client).emit('user.registered', data));
    const record = new SnsRecordBuilder(data).setSubject('u').build();
    await lastValueFrom(users.events(client).emit('user.registered', record));
    expect(emitted).toEqual([
      ['user.registered', data],
      ['user.registered', record],
    ]);
  });

  it('rejects what does not fit before it is published, with the issues', async () => {
    const { client, emitted } = clientByHand();
    const bad = { id: 7, at: '2026-01-01' } as unknown as { id: string; at: string };
    await expect(lastValueFrom(users.events(client).emit('user.registered', bad))).rejects.toMatchObject({
      code: 'CONTRACT_VIOLATION',
      message: expect.stringMatching(/"user\.registered".*id: /) as string,
      facts: { issues: [{ path: 'id' }] },
    });
    expect(emitted).toEqual([]);
  });

  it('waits for a schema that is asynchronous', async () => {
    const slow = defineContract('s', {
      events: { e: z.string().refine(text => Promise.resolve(text === 'good')) },
    });
    const { client, emitted } = clientByHand();
    await lastValueFrom(slow.events(client).emit('e', 'good'), { defaultValue: undefined });
    await expect(lastValueFrom(slow.events(client).emit('e', 'bad'))).rejects.toThrow(violates);
    expect(emitted).toEqual([['e', 'good']]);
  });

  it('lets everything through where only a type is named', async () => {
    const { client, emitted } = clientByHand();
    await lastValueFrom(users.events(client).emit('user.deleted', { id: 'u' }));
    expect(emitted).toHaveLength(1);
  });

  it('decorates handlers for the right queue, with the schema', () => {
    class Handlers {
      @users.OnEvent('user.registered', { useCase: 'send-email' })
      registered(user: OutputOf<typeof registered>): OutputOf<typeof registered> {
        return user;
      }

      @users.OnCommand('deactivate-user')
      deactivate({ userId }: { userId: string }): string {
        return userId;
      }
    }
    const metadata = (key: keyof Handlers): unknown[] =>
      Reflect.getMetadataKeys(Handlers.prototype[key]).map(
        name => Reflect.getMetadata(name, Handlers.prototype[key]) as unknown,
      );
    expect(metadata('registered')).toEqual(
      expect.arrayContaining([
        ['user.registered'],
        SQS_TRANSPORT,
        { topic: 'users-domain-events', queue: 'send-email-on-user-registered', schema: registered },
      ]),
    );
    expect(metadata('deactivate')).toEqual(expect.arrayContaining([['deactivate-user'], SQS_TRANSPORT]));
  });
});

describe('its types', () => {
  it('tell what is emitted and what is handled', () => {
    expectTypeOf<InputOf<typeof registered>>().toEqualTypeOf<{ id: string; at: string }>();
    expectTypeOf<OutputOf<typeof registered>>().toEqualTypeOf<{ id: string; at: Date }>();
    const events = users.events(clientByHand().client);
    expectTypeOf<Parameters<typeof events.emit<'user.deleted'>>[0]>().toEqualTypeOf<'user.deleted'>();
    // @ts-expect-error: no such event
    void (() => events.emit('user.exploded', {}));
    // @ts-expect-error: the id is a string
    void (() => events.emit('user.deleted', { id: 7 }));
    class Batches {
      @users.OnEvent('user.registered', { useCase: 'x', batch: { size: 10, windowMs: 5 } })
      registered([first]: Array<{ at: Date }>): Date | undefined {
        return first?.at;
      }

      @users.OnCommand('deactivate-user', { batch: { size: 10, windowMs: 5 } })
      deactivate(commands: Array<{ userId: string }>): number {
        return commands.length;
      }

      // @ts-expect-error: with `batch` the handler gets an array
      @users.OnCommand('deactivate-user', { batch: { size: 10, windowMs: 5 } })
      one({ userId }: { userId: string }): string {
        return userId;
      }
    }
    expect(Batches).toBeDefined();
    class Wrong {
      // @ts-expect-error: the handler gets a Date
      @users.OnEvent('user.registered', { useCase: 'x' })
      registered({ at }: { at: string }): string {
        return at;
      }
    }
    expect(Wrong).toBeDefined();
  });
});
