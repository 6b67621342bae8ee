import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  ClientSQS,
  DEAD_LETTER_ATTRIBUTES,
  OnCommand,
  OnDomainEvent,
  SQS_TRANSPORT,
  SqsContext,
  SqsRecordBuilder,
  type EventMetadata,
} from 'nestjs-sns-sqs';
import { otel, SnsSqsInstrumentation } from 'nestjs-sns-sqs/otel';
import { lastValueFrom } from 'rxjs';
import { idOf, linkedTo, parentOf, Spans, traceOf } from '../support/spans.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

describe('a trace', () => {
  const here = world();
  const spans = new Spans();
  beforeAll(() => spans.register());
  beforeEach(() => spans.clear());
  afterAll(() => spans.unregister());

  const named = (operation: string, name: string): string => `${operation} ${here.prefix}${name}`;
  const COMMANDS = 'notifications-async-commands.fifo';

  /** An event whose handler orders a command; both note what they were given. */
  async function chain(options: Parameters<typeof here.start>[1] = {}) {
    const telemetry = otel({ relation: 'both' });
    const { client } = here.commands({ telemetry, source: 'notifications', wire: options.wire ?? here.access.wire });
    const handled: EventMetadata[] = [];
    const active: Array<string | undefined> = [];

    @Controller()
    class Handlers {
      constructor(@Inject('COMMANDS') private readonly commands: ClientSQS) {}

      @OnDomainEvent('user.registered', { from: 'users', useCase: 'welcome' })
      async welcome(@Payload() user: { id: string }, @Ctx() ctx: SqsContext): Promise<void> {
        handled.push(ctx.getMetadata());
        active.push(trace.getActiveSpan()?.spanContext().spanId);
        await lastValueFrom(this.commands.emit('send-mail', new SqsRecordBuilder(user).setGroupId(user.id).build()));
      }

      @OnCommand('send-mail')
      send(@Ctx() ctx: SqsContext): void {
        handled.push(ctx.getMetadata());
      }
    }
    await here.start([Handlers], {
      telemetry,
      providers: [{ provide: 'COMMANDS', useValue: client }],
      ...options,
    });
    return { handled, active, telemetry };
  }

  it.each(['sdk', 'lean'] as const)(
    'leads from a request over SNS to a handler and its command, over %s',
    async wire => {
      const { handled, active, telemetry } = await chain({ wire });
      const events = here.events({ telemetry, wire });
      await spans.within('POST /users', () => events.emit('user.registered', { id: 'u1' }));
      await waitFor('both handled', () => handled.length === 2);
      const [settled] = await spans.until(named('settle', COMMANDS));

      const [request] = spans.all('POST /users');
      const [created] = spans.all(named('create', 'users-domain-events'));
      const [sent] = spans.all(named('send', 'users-domain-events'));
      const [processed] = spans.all(named('process', 'welcome-on-user-registered'));
      const [ordered] = spans.all(named('create', COMMANDS));
      const [mailed] = spans.all(named('process', COMMANDS));
      expect(new Set([request, created, sent, processed, ordered, mailed, settled].map(traceOf)).size).toBe(1);
      expect(parentOf(created)).toBe(idOf(request));
      expect(created?.kind).toBe(SpanKind.PRODUCER);
      expect([parentOf(sent), linkedTo(sent), sent?.kind]).toEqual([idOf(request), [idOf(created)], SpanKind.CLIENT]);
      expect([parentOf(processed), linkedTo(processed)]).toEqual([idOf(created), [idOf(created)]]);
      expect(processed?.kind).toBe(SpanKind.CONSUMER);
      expect(parentOf(ordered)).toBe(idOf(processed));
      expect([parentOf(mailed), linkedTo(mailed)]).toEqual([idOf(ordered), [idOf(ordered)]]);
      expect([parentOf(settled), linkedTo(settled)]).toEqual([idOf(mailed), [idOf(mailed)]]);
      expect(active).toEqual([idOf(processed)]);

      const [event, command] = handled;
      expect(event?.traceparent).toBe(`00-${traceOf(created)}-${idOf(created)}-01`);
      expect(command).toMatchObject({ correlationId: event?.id, causationId: event?.id });
      expect(processed?.attributes).toMatchObject({
        'messaging.system': 'aws_sqs',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': `${here.prefix}welcome-on-user-registered`,
        'cloudevents.event_id': event?.id,
        'sns_sqs.attempt': 1,
        'sns_sqs.outcome': 'delete',
        'sns_sqs.reason': 'handled',
      });
      expect(sent?.attributes).toMatchObject({ 'messaging.system': 'aws.sns', 'messaging.batch.message_count': 1 });
    },
  );

  it('is one for each of ten events that travel in one batch', async () => {
    const seen: string[] = [];
    @Controller()
    class Handler {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'welcome' })
      welcome(@Payload() name: string): void {
        seen.push(name);
      }
    }
    await here.start([Handler], { telemetry: otel() });
    const events = here.events({ telemetry: otel() });
    await events.client.connect();
    const names = Array.from({ length: 10 }, (_, index) => `request ${index}`);
    await Promise.all(names.map(name => spans.within(name, () => events.emit('user.registered', name))));
    await waitFor('all', () => seen.length === 10);
    const processed = await spans.until(named('process', 'welcome-on-user-registered'), 10);

    const created = spans.all(named('create', 'users-domain-events'));
    const [sent, ...more] = spans.all(named('send', 'users-domain-events'));
    expect(more).toEqual([]);
    expect(sent?.parentSpanContext).toBeUndefined();
    expect(linkedTo(sent)).toEqual(created.map(idOf).sort());
    expect(new Set(created.map(traceOf)).size).toBe(10);
    expect(processed.every(span => span.parentSpanContext === undefined)).toBe(true);
    expect(processed.flatMap(linkedTo).sort()).toEqual(created.map(idOf).sort());
  });

  it('leads from attempt to attempt, into the dead-letter queue, and out of it by a redrive', async () => {
    let isBroken = true;
    @Controller()
    class Handler {
      @EventPattern<string>('order', SQS_TRANSPORT, { queue: 'orders' })
      order(): void {
        if (isBroken) throw new TypeError('no stock');
      }
    }
    await here.start([Handler], { telemetry: otel(), consumer: { maxReceiveCount: 2 } });
    const { emit } = here.commands({ telemetry: otel(), queue: 'orders' });
    await emit('order', 1);
    const [first, second] = await spans.until(named('process', 'orders'), 2);
    const [created] = spans.all(named('create', 'orders'));
    expect(linkedTo(first)).toEqual([idOf(created)]);
    expect(linkedTo(second)).toEqual([idOf(created), idOf(first)].sort());
    expect(first?.attributes).toMatchObject({ 'sns_sqs.outcome': 'retry', 'error.type': 'TypeError' });
    expect(second?.attributes).toMatchObject({ 'sns_sqs.outcome': 'dead-letter', 'sns_sqs.attempt': 2 });
    expect(second?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no stock' });

    const letter = await here.queue('orders-dlq').takeOne();
    const traceparent = letter.attributes[DEAD_LETTER_ATTRIBUTES.traceparent];
    expect(traceparent).toBe(`00-${traceOf(second)}-${idOf(second)}-01`);
    isBroken = false;
    await here.queue('orders').send(letter.body, { attributes: letter.attributes });
    const [, , third] = await spans.until(named('process', 'orders'), 3);
    expect(linkedTo(third)).toEqual([idOf(created), idOf(second)].sort());
    expect(third?.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('shows a request until its last reply, and what it errors with', async () => {
    @Controller()
    class Handler {
      @MessagePattern('sum')
      sum(numbers: number[]): number {
        if (numbers.length === 0) throw new Error('nothing to add');
        return numbers.reduce((sum, each) => sum + each, 0);
      }
    }
    const telemetry = otel({ relation: 'parent' });
    await here.start([Handler], { telemetry });
    const { client } = here.commands({ telemetry });
    await expect(lastValueFrom(client.send('sum', [1, 2]))).resolves.toBe(3);
    await expect(lastValueFrom(client.send('sum', []))).rejects.toMatchObject({ status: 'error' });
    const [processed] = await spans.until(named('process', COMMANDS), 2);
    const [asked, refused] = spans.all(named('create', COMMANDS));
    expect(parentOf(processed)).toBe(idOf(asked));
    expect(linkedTo(processed)).toEqual([]);
    expect(asked?.attributes).toMatchObject({ 'sns_sqs.request': true });
    expect(asked?.status.code).toBe(SpanStatusCode.UNSET);
    expect(refused?.status.code).toBe(SpanStatusCode.ERROR);
    const milliseconds = ([seconds, nanoseconds]: [number, number]): number => seconds * 1e3 + nanoseconds / 1e6;
    expect(milliseconds(asked?.endTime ?? [0, 0])).toBeGreaterThan(milliseconds(processed?.startTime ?? [0, 0]));
  });

  it('comes by an instrumentation that is registered after the clients were made; the SDK traces none of our calls', async () => {
    const suppressed: boolean[] = [];
    const { sqs, sns } = here.clients;
    for (const { middlewareStack } of [sqs, sns] as Array<Pick<typeof sqs, 'middlewareStack'>>) {
      middlewareStack.add(
        (next, { commandName }) =>
          args => {
            if (/Batch|Receive/.test(commandName ?? '')) suppressed.push(isTracingSuppressed(context.active()));
            return next(args);
          },
        { step: 'initialize', name: 'seen', override: true },
      );
    }
    const seen: string[] = [];
    @Controller()
    class Handler {
      @EventPattern<string>('order', SQS_TRANSPORT, { queue: 'orders' })
      order(@Payload() name: string): void {
        seen.push(name);
      }
    }
    const instrumentation = new SnsSqsInstrumentation();
    const end = registerInstrumentations({ instrumentations: [instrumentation], tracerProvider: spans.provider });
    try {
      await here.start([Handler], { sqs, sns, wire: 'sdk' });
      await here.commands({ queue: 'orders', sqs, wire: 'sdk' }).emit('order', 'a');
      const [processed] = await spans.until(named('process', 'orders'));
      await spans.until(named('settle', 'orders'));
      expect(linkedTo(processed)).toEqual([idOf(spans.all(named('create', 'orders'))[0])]);
      expect(suppressed.length).toBeGreaterThan(2);
      expect(suppressed).not.toContain(false);
    } finally {
      end();
      sqs.middlewareStack.remove('seen');
      sns.middlewareStack.remove('seen');
    }
    spans.clear();
    await here.commands({ queue: 'orders' }).emit('order', 'b');
    await waitFor('the second', () => seen.length === 2);
    expect(spans.all()).toEqual([]);
  });

  it("reads X-Ray's header, and writes it where asked to", async () => {
    @Controller()
    class Handler {
      @EventPattern<string>('order', SQS_TRANSPORT, { queue: 'orders' })
      order(): void {}
    }
    await here.start([Handler], { telemetry: otel({ relation: 'parent' }), deserializer: plain });
    const telemetry = otel({ awsTraceHeader: true });
    const { emit } = here.commands({ telemetry, queue: 'orders', serializer: { serialize: () => '{}' } });
    await emit('order', 1);
    const [processed] = await spans.until(named('process', 'orders'));
    const [created] = spans.all(named('create', 'orders'));
    expect([parentOf(processed), traceOf(processed)]).toEqual([idOf(created), traceOf(created)]);
  });

  it('is none without a tracer', async () => {
    const { handled } = await chain({ telemetry: undefined });
    await here.events().emit('user.registered', { id: 'u1' });
    await waitFor('both handled', () => handled.length === 2);
    expect(spans.all(named('process', 'welcome-on-user-registered'))).toEqual([]);
    expect(handled[0]?.traceparent).toBeUndefined();
  });
});

/** Of a foreign producer, whose bodies say nothing. */
const plain = { deserialize: () => ({ pattern: 'order', data: undefined }) };
