import { Controller, type Type } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { OnCommand, OnDomainEvent } from 'nestjs-sns-sqs';
import type { QueueProbe } from '../support/queue-probe.js';
import { spiedClients } from '../support/spied-clients.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

interface Statement {
  Sid?: string;
  Effect: string;
  Principal: { Service?: string | string[] } | '*';
  Action: string | string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

const QUEUE = 'send-email-on-user-registered';
const COMMANDS = 'notifications-async-commands';
const list = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];
const json = (text: string | undefined): Record<string, unknown> => JSON.parse(text ?? '') as Record<string, unknown>;

async function statements(queue: QueueProbe): Promise<Statement[]> {
  const { Policy } = await queue.attributes();
  return json(Policy)['Statement'] as Statement[];
}

@Controller()
class Notifications {
  @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
  registered(): void {}

  @OnCommand('send-welcome-email')
  send(): void {}
}

describe("provisioning 'create'", () => {
  const here = world();

  const spied = () => {
    const spy = spiedClients(here.aws);
    here.onClose(() => {
      spy.sqs.destroy();
      spy.sns.destroy();
    });
    return spy;
  };

  it('makes a consumer queue with its DLQ, encrypted, subscribed raw to the topic by a filter on the type', async () => {
    await here.start([Notifications]);
    const queue = here.queue(QUEUE);
    const own = await queue.attributes();
    const dlq = await here.queue(`${QUEUE}-dlq`).attributes();
    expect(own).toMatchObject({ SqsManagedSseEnabled: 'true', VisibilityTimeout: '10' });
    expect(dlq).toMatchObject({ SqsManagedSseEnabled: 'true', MessageRetentionPeriod: '1209600' });
    expect(own['FifoQueue']).not.toBe('true');
    const redrive = json(own['RedrivePolicy']);
    expect(redrive['deadLetterTargetArn']).toBe(dlq['QueueArn']);
    // The consumer dead-letters at maxReceiveCount itself, with the reason; the queue's own count is its safety net.
    expect(Number(redrive['maxReceiveCount'])).toBe(1_000);
    expect(own).toMatchObject({ MessageRetentionPeriod: '1209600', MaximumMessageSize: '1048576' });
    expect(dlq).toMatchObject({ MaximumMessageSize: '1048576' });
    expect(json(dlq['RedriveAllowPolicy'])).toEqual({
      redrivePermission: 'byQueue',
      sourceQueueArns: [own['QueueArn']],
    });

    const subscription = await here.topic('users-domain-events').subscription(queue);
    expect(subscription).toMatchObject({ RawMessageDelivery: 'true', Protocol: 'sqs', Endpoint: own['QueueArn'] });
    expect(json(subscription['FilterPolicy'])).toEqual({ type: ['user.registered'] });
  });

  it('lets the topic send to the queue, and nobody else: one statement with aws:SourceArn', async () => {
    await here.start([Notifications]);
    const queue = here.queue(QUEUE);
    const [statement, ...others] = await statements(queue);
    expect(others).toEqual([]);
    expect(statement).toMatchObject({ Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' } });
    expect(list(statement?.Action).map(action => action.toLowerCase())).toEqual(['sqs:sendmessage']);
    expect(list(statement?.Resource)).toEqual([(await queue.attributes())['QueueArn']]);
    const sources = Object.values(statement?.Condition ?? {}).map(condition => condition['aws:SourceArn']);
    expect(sources.flatMap(list)).toEqual([await here.topic('users-domain-events').arn()]);
  });

  it('makes a FIFO command queue of high throughput, and its FIFO DLQ', async () => {
    await here.start([Notifications]);
    const own = await here.queue(`${COMMANDS}.fifo`).attributes();
    const dlq = await here.queue(`${COMMANDS}-dlq.fifo`).attributes();
    expect(own).toMatchObject({
      FifoQueue: 'true',
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
      SqsManagedSseEnabled: 'true',
    });
    expect(dlq).toMatchObject({ FifoQueue: 'true', SqsManagedSseEnabled: 'true' });
    expect(json(own['RedrivePolicy'])['deadLetterTargetArn']).toBe(dlq['QueueArn']);
  });

  it('is idempotent: a second start changes nothing, and neither start lists anything', async () => {
    const first = spied();
    await here.start([Notifications], { sqs: first.sqs, sns: first.sns });
    const second = spied();
    await here.start([Notifications], { sqs: second.sqs, sns: second.sns });
    const changing = /^(Set|Add|Remove|Tag|Untag|Delete(?!Message)|Purge)/;
    expect(second.calls.filter(({ operation }) => changing.test(operation))).toEqual([]);
    for (const { calls } of [first, second]) {
      expect(calls.length).toBeGreaterThan(0);
      expect(calls.filter(({ operation }) => /^List(?!QueueTags)/.test(operation))).toEqual([]);
    }
    expect(here.logs.with(/repair|drift/i, 'warn')).toEqual([]);
  });

  it('succeeds for ten instances that start at the same moment, and each of them can take the work', async () => {
    const handled: number[] = [];
    @Controller()
    class Counting {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      registered(@Payload() { id }: { id: number }): void {
        handled.push(id);
      }

      @OnCommand('send-welcome-email')
      send(): void {}
    }
    await Promise.all(Array.from({ length: 10 }, () => here.start([Counting])));
    const events = here.events();
    await Promise.all(Array.from({ length: 20 }, (_, id) => events.emit('user.registered', { id })));
    await waitFor('all events to be handled', () => new Set(handled).size === 20);
    await here.queue(QUEUE).untilEmpty();
    // LocalStack may make two subscriptions where ten ask for one in the same moment, and then delivers each event twice.
    if (process.env['E2E_SERVER'] !== 'localstack') expect(handled).toHaveLength(20);
    expect(await statements(here.queue(QUEUE))).toHaveLength(1);
  });

  it('repairs drift of what it owns and logs each change, and leaves alone what is not its own', async () => {
    const first = await here.start([Notifications]);
    await first.app.close();
    const queue = here.queue(QUEUE);
    const topic = here.topic('users-domain-events');
    const foreign = {
      Sid: 'ops-team',
      Effect: 'Allow',
      Principal: '*',
      Action: 'sqs:GetQueueAttributes',
      Resource: (await queue.attributes())['QueueArn'],
    };
    const wanted = await queue.attributes();
    await queue.setAttributes({
      Policy: JSON.stringify({ Version: '2012-10-17', Statement: [foreign] }),
      VisibilityTimeout: '7',
      MessageRetentionPeriod: '3600',
      MaximumMessageSize: '2048',
      DelaySeconds: '1',
    });
    await topic.setSubscription(queue, 'FilterPolicy', '{"type":["user.deleted"]}');
    await topic.setSubscription(queue, 'RawMessageDelivery', 'false');
    here.logs.clear();
    await here.start([Notifications]);

    const found = await queue.attributes();
    expect(found).toMatchObject({
      VisibilityTimeout: '10',
      MessageRetentionPeriod: '1209600',
      MaximumMessageSize: '1048576',
      DelaySeconds: '1',
    });
    expect(json(found['RedrivePolicy'])).toEqual(json(wanted['RedrivePolicy']));
    const all = await statements(queue);
    expect(all).toHaveLength(2);
    expect(all).toContainEqual(foreign);
    const subscription = await topic.subscription(queue);
    // What somebody lets through besides stays: another version may need it.
    expect(json(subscription['FilterPolicy'])).toEqual({ type: ['user.deleted', 'user.registered'] });
    expect(subscription['RawMessageDelivery']).toBe('true');
    for (const changed of ['VisibilityTimeout', 'Policy', 'FilterPolicy', 'RawMessageDelivery']) {
      expect(here.logs.with(changed)).not.toEqual([]);
    }
  });

  it('adds a use case that takes from a second topic, without losing the first', async () => {
    const extras = { useCase: 'sync', queue: 'sync-recipient' };
    @Controller()
    class Both {
      @OnDomainEvent('user.registered', { from: 'users', ...extras })
      user(): void {}

      @OnDomainEvent('order.placed', { from: 'orders', ...extras })
      order(): void {}
    }
    await here.start([Both]);
    const all = await statements(here.queue('sync-recipient'));
    const sources = all.flatMap(({ Condition }) =>
      Object.values(Condition ?? {}).flatMap(condition => list(condition['aws:SourceArn'])),
    );
    expect(all).toHaveLength(1);
    expect(sources.toSorted()).toEqual(
      [await here.topic('orders-domain-events').arn(), await here.topic('users-domain-events').arn()].toSorted(),
    );
  });
});

describe('names that AWS would refuse', () => {
  const here = world();

  it.each<[string, Type]>([
    ['a queue name of too many characters', useCaseOf('x'.repeat(80))],
    ['a queue name with a blank', useCaseOf('send email')],
    ['a queue name with a slash', useCaseOf('send/email')],
    ['a topic name with a colon', topicOf('users:events')],
  ])('%s is refused before any call is made', async (_, controller) => {
    const { sqs, sns, calls } = spiedClients(here.aws);
    const starting = here.start([controller], { sqs, sns });
    await expect(starting).rejects.toMatchObject({ name: 'SnsSqsError', code: 'INVALID_NAME' });
    expect(calls).toEqual([]);
  });

  it('two handlers of one queue and pattern are refused before any call is made', async () => {
    @Controller()
    class Twice {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      one(): void {}

      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      two(): void {}
    }
    const { sqs, sns, calls } = spiedClients(here.aws);
    await expect(here.start([Twice], { sqs, sns })).rejects.toMatchObject({
      code: 'DUPLICATE_HANDLER',
      message: expect.stringContaining(`user.registered on ${here.prefix}${QUEUE}`) as string,
    });
    expect(calls).toEqual([]);
  });
});

function useCaseOf(queue: string): Type {
  @Controller()
  class Named {
    @OnDomainEvent('user.registered', { from: 'users', useCase: 'x', queue })
    handle(): void {}
  }
  return Named;
}

function topicOf(topic: string): Type {
  @Controller()
  class Named {
    @OnDomainEvent('user.registered', { from: 'users', useCase: 'x', topic })
    handle(): void {}
  }
  return Named;
}
