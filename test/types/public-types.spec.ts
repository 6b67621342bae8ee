// Checked by `npm run typecheck`, on Nest 12 and on Nest 11; run so that a type that is not asserted shows.
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import {
  ClientProxy,
  ClientsModule,
  type CustomTransportStrategy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { type } from 'arktype';
import { expectTypeOf } from 'expect-type';
import {
  ClientSNS,
  ClientSQS,
  defineContract,
  OnCommand,
  OnDomainEvent,
  ServerSQS,
  SnsRecordBuilder,
  SnsSqsModule,
  SqsContext,
  SqsRecordBuilder,
  typed,
  type EventMetadata,
  type InputOf,
  type OutputOf,
  type PacketMetadata,
  type ServerSQSOptions,
  type SnsRecord,
  type SnsSqsError,
  type SqsMessage,
  type SqsRecord,
  type SqsServerStatus,
} from 'nestjs-sns-sqs';
import type { PublishedEvent, SettledEvent } from 'nestjs-sns-sqs';
import { TestHarness } from 'nestjs-sns-sqs/testing';
import type { Observable } from 'rxjs';
import * as v from 'valibot';
import { z } from 'zod';

/** Type-checked, not run. */
const unrun = (check: () => unknown): void => expect(check).toBeInstanceOf(Function);

const toDate = (text: string): Date => new Date(text);

describe('the types of clients', () => {
  it('fit where Nest wants a client, and are strict where Nest says any', () => {
    expectTypeOf<ClientSNS>().toExtend<ClientProxy>();
    expectTypeOf<ClientSQS>().toExtend<ClientProxy>();
    unrun(() => {
      const client = new ClientSQS({ service: 'users' });
      expectTypeOf(client.send('sum', [1])).toEqualTypeOf<Observable<unknown>>();
      expectTypeOf(client.send<number>({ cmd: 'sum' }, [1])).toEqualTypeOf<Observable<number>>();
      expectTypeOf(client.emit('sum', [1])).toEqualTypeOf<Observable<unknown>>();
      expectTypeOf(client.unwrap()).toEqualTypeOf<SQSClient>();
      const events = new ClientSNS({ service: 'users' });
      expectTypeOf(events.emit('user.registered', {})).toEqualTypeOf<Observable<unknown>>();
      expectTypeOf(events.unwrap()).toEqualTypeOf<SNSClient>();
      client.on('error', error => expectTypeOf(error).toBeUnknown());
      // @ts-expect-error: clients have no such event
      client.on('drain', () => undefined);
      // @ts-expect-error: an option that does not exist
      new ClientSQS({ service: 'users', topicArn: 'arn' });
      // @ts-expect-error: the service is missing
      return new ClientSNS({});
    });
  });

  it('are taken by ClientsModule', () => {
    unrun(() =>
      ClientsModule.register([
        { name: 'EVENTS', customClass: ClientSNS, options: { service: 'users' } },
        { name: 'COMMANDS', customClass: ClientSQS, options: { service: 'users' } },
      ]),
    );
  });

  it('keep the type of the data in a record', () => {
    const event = new SnsRecordBuilder({ id: 'u' }).setSubject('u').setSequence(1n).build();
    expectTypeOf(event).toEqualTypeOf<SnsRecord<{ id: string }>>();
    const command = new SqsRecordBuilder('x').setDelaySeconds(1).setReplyTimeoutMs(10).setGroupId('g').build();
    expectTypeOf(command).toEqualTypeOf<SqsRecord<string>>();
    expectTypeOf(new SnsRecordBuilder(1)).not.toHaveProperty('setDelaySeconds');
  });
});

describe('the types of the server', () => {
  it('fit where Nest wants a strategy', () => {
    expectTypeOf<ServerSQS>().toExtend<CustomTransportStrategy>();
    expectTypeOf<{ strategy: ServerSQS }>().toExtend<MicroserviceOptions>();
    unrun(() => {
      const server = new ServerSQS({ service: 'users' });
      expectTypeOf(server.status).toEqualTypeOf<Observable<SqsServerStatus>>();
      expectTypeOf(server.unwrap()).toEqualTypeOf<{ sqs: SQSClient; sns: SNSClient }>();
      return server.on('error', error => expectTypeOf(error).toEqualTypeOf<SnsSqsError>());
    });
  });

  it('refuse options that do not exist, and units that are meant otherwise', () => {
    expectTypeOf<ServerSQSOptions['provisioning']>().toEqualTypeOf<'create' | 'verify' | 'off' | undefined>();
    unrun(() => {
      // @ts-expect-error: seconds are numbers
      new ServerSQS({ service: 'users', consumer: { visibilityTimeoutSeconds: '30' } });
      // @ts-expect-error: no such option
      new ServerSQS({ service: 'users', consumer: { visibilityTimeout: 30 } });
      // @ts-expect-error: a useFactory gives options
      return SnsSqsModule.forRootAsync({ useFactory: () => ({ prefix: 'dev-' }) });
    });
  });

  it('tell what a handler gets', () => {
    expectTypeOf<SqsContext['getMessage']>().returns.toEqualTypeOf<SqsMessage>();
    expectTypeOf<SqsContext['getMetadata']>().returns.toEqualTypeOf<EventMetadata & PacketMetadata>();
    expectTypeOf<SqsContext['getAttempt']>().returns.toBeNumber();
    expectTypeOf<SqsContext['getSignal']>().returns.toEqualTypeOf<AbortSignal>();
    class Handlers {
      // Nest's own @EventPattern('…') does not compile with a typed context on Nest 12; ours do on both.
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      event(_: { id: string }, context: SqsContext): string {
        return context.getQueue();
      }

      @OnCommand('send-welcome-email')
      command(_: { id: string }, context: SqsContext): string {
        return context.getQueue();
      }
    }
    expect(Handlers).toBeDefined();
  });
});

describe('the types of a contract', () => {
  const days = {
    zod: z.object({ at: z.string().transform(toDate) }),
    valibot: v.object({ at: v.pipe(v.string(), v.transform(toDate)) }),
    arktype: type({ at: type('string').pipe(toDate) }),
  };

  it('come from any Standard Schema, or from none', () => {
    expectTypeOf<InputOf<typeof days.zod>>().toEqualTypeOf<{ at: string }>();
    expectTypeOf<OutputOf<typeof days.zod>>().toEqualTypeOf<{ at: Date }>();
    expectTypeOf<InputOf<typeof days.valibot>>().toEqualTypeOf<{ at: string }>();
    expectTypeOf<OutputOf<typeof days.valibot>>().toEqualTypeOf<{ at: Date }>();
    expectTypeOf<InputOf<typeof days.arktype>>().toEqualTypeOf<{ at: string }>();
    expectTypeOf<OutputOf<typeof days.arktype>>().toEqualTypeOf<{ at: Date }>();
    const plain = typed<{ at: number }>();
    expectTypeOf<InputOf<typeof plain>>().toEqualTypeOf<{ at: number }>();
    expectTypeOf<OutputOf<typeof plain>>().toEqualTypeOf<{ at: number }>();
  });

  it('hold for what is emitted, ordered, asked and answered', () => {
    const calendar = defineContract('calendar', {
      events: { 'day.passed': days.valibot },
      commands: { 'skip-day': days.arktype },
      requests: { next: { request: days.zod, reply: z.string().transform(toDate) } },
    });
    unrun(() => {
      const client = new ClientSQS({ service: 'calendar' });
      const requests = calendar.requests(client);
      expectTypeOf(requests.send('next', { at: '2026-01-01' })).toEqualTypeOf<Observable<Date>>();
      expectTypeOf(calendar.events(client).emit('day.passed', { at: '' })).toEqualTypeOf<Observable<void>>();
      calendar.commands(client).emit('skip-day', new SqsRecordBuilder({ at: '' }).build());
      // @ts-expect-error: the record's data is no day
      calendar.commands(client).emit('skip-day', new SqsRecordBuilder({ on: '' }).build());
      // @ts-expect-error: an event is no command
      calendar.commands(client).emit('day.passed', { at: '' });
      // @ts-expect-error: no such request
      requests.send('previous', { at: '' });
      // @ts-expect-error: it is sent as text
      return requests.send('next', { at: new Date() });
    });
    class Handlers {
      @calendar.OnRequest('next')
      value({ at }: { at: Date }): string {
        return at.toISOString();
      }

      @calendar.OnRequest('next')
      async promise({ at }: { at: Date }, context: SqsContext): Promise<string> {
        return Promise.resolve(`${at.toISOString()} ${context.getQueue()}`);
      }

      // @ts-expect-error: the reply is sent as text
      @calendar.OnRequest('next')
      date({ at }: { at: Date }): Date {
        return at;
      }

      // @ts-expect-error: the handler gets a Date
      @calendar.OnRequest('next')
      text({ at }: { at: string }): string {
        return at;
      }
    }
    expect(Handlers).toBeDefined();
  });
});

describe('the types of the harness', () => {
  it('tell what was published and what became of it', () => {
    expectTypeOf<TestHarness['published']>().toEqualTypeOf<PublishedEvent[]>();
    expectTypeOf<TestHarness['handled']>().toEqualTypeOf<SettledEvent[]>();
    expectTypeOf<SettledEvent['outcome']>().toEqualTypeOf<'delete' | 'retry' | 'wait' | 'dead-letter'>();
  });
});
