import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { OnDomainEvent, SnsRecordBuilder, SqsContext, SQS_TRANSPORT } from 'nestjs-sns-sqs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'send-email-on-user-registered';

describe('an event', () => {
  const here = world();

  /** A use case that writes down what it is given. */
  function recorder() {
    const seen: Array<{ data: unknown; context: SqsContext }> = [];
    @Controller()
    class SendEmail {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      handle(@Payload() data: unknown, @Ctx() context: SqsContext): void {
        seen.push({ data, context });
      }
    }
    const first = () => waitFor('the event to be handled', () => seen[0]);
    return { SendEmail, seen, first };
  }

  it('reaches the handler through SNS and SQS, with its data and its context, and leaves the queue', async () => {
    const { SendEmail, seen, first } = recorder();
    await here.start([SendEmail]);
    const record = new SnsRecordBuilder({ email: 'ada@example.org' }).setSubject('user-1').setSequence(7).build();
    await here.events().emit('user.registered', record);

    const { data, context } = await first();
    expect(data).toEqual({ email: 'ada@example.org' });
    expect(context).toBeInstanceOf(SqsContext);
    expect(context.getQueue()).toBe(`${here.prefix}${QUEUE}`);
    expect(context.getPattern()).toBe('user.registered');
    expect(context.getAttempt()).toBe(1);
    expect(context.getSignal().aborted).toBe(false);
    expect(context.getMetadata()).toMatchObject({ source: 'users', type: 'user.registered', subject: 'user-1' });
    expect(Number(context.getMetadata().sequence)).toBe(7);
    expect(context.getMetadata().id).toMatch(/^[\w-]{16,}$/);
    expect(Math.abs(Date.parse(context.getMetadata().time ?? '') - Date.now())).toBeLessThan(60_000);
    expect(context.getMessage().MessageId).toBeTruthy();
    expect(JSON.parse(context.getMessage().Body ?? '')).toMatchObject({
      specversion: '1.0',
      type: 'user.registered',
      source: 'users',
      subject: 'user-1',
      data: { email: 'ada@example.org' },
    });
    await here.queue(QUEUE).untilEmpty();
    expect(seen).toHaveLength(1);
  });

  it('is the same to the handler when the subscription wraps it in the envelope of SNS', async () => {
    const { SendEmail, first } = recorder();
    await here.start([SendEmail]);
    await here.topic('users-domain-events').setSubscription(here.queue(QUEUE), 'RawMessageDelivery', 'false');
    const record = new SnsRecordBuilder({ email: 'zoë@example.org' }).setSubject('user-2').build();
    await here.events().emit('user.registered', record);

    const { data, context } = await first();
    expect(JSON.parse(context.getMessage().Body ?? '')).toMatchObject({ Type: 'Notification' });
    expect(data).toEqual({ email: 'zoë@example.org' });
    expect(context.getPattern()).toBe('user.registered');
    expect(context.getMetadata()).toMatchObject({ source: 'users', subject: 'user-2' });
    await here.queue(QUEUE).untilEmpty();
  });

  it('reaches a handler declared with the native decorator and extras', async () => {
    const seen: unknown[] = [];
    @Controller()
    class Native {
      @EventPattern<string>('user.registered', SQS_TRANSPORT, { topic: 'users-domain-events', queue: QUEUE })
      handle(@Payload() data: unknown, @Ctx() context: SqsContext): void {
        seen.push([data, context.getPattern()]);
      }
    }
    await here.start([Native]);
    await here.events().emit('user.registered', { id: 3 });
    await waitFor('the event to be handled', () => seen.length);
    expect(seen).toEqual([[{ id: 3 }, 'user.registered']]);
  });

  it.each([
    ['text with emoji', '👩‍🚀 ünïcode'],
    ['a number', 42],
    ['false', false],
    ['null within', { name: null }],
    ['a list', [1, [2], { three: 3 }]],
    ['an empty object', {}],
    ['keys of JSON schema and of prototypes', { $ref: '#', constructor: 1, toString: 'x' }],
  ])('carries %s unchanged', async (_, data) => {
    const { SendEmail, seen, first } = recorder();
    await here.start([SendEmail]);
    await here.events().emit('user.registered', data);
    await first();
    expect(seen[0]?.data).toEqual(data);
  });
});
