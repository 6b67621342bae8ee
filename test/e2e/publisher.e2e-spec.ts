import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { OnCommand, OnDomainEvent, SqsContext, SqsRecordBuilder } from 'nestjs-sns-sqs';
import { closedPort } from '../support/cuttable-proxy.js';
import { awsOf } from '../support/endpoint.js';
import { spiedClients, type Call } from '../support/spied-clients.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const EVENTS = 'work-on-user-registered';
const COMMANDS = 'notifications-async-commands.fifo';
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('emit()', () => {
  const here = world();
  const events: unknown[] = [];
  const commands: Array<{ data: unknown; context: SqsContext }> = [];

  @Controller()
  class Consumer {
    @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
    event(@Payload() data: unknown): void {
      events.push(data);
    }

    @OnCommand('step')
    command(@Payload() data: unknown, @Ctx() context: SqsContext): void {
      commands.push({ data, context });
    }
  }

  beforeEach(async () => {
    events.length = 0;
    commands.length = 0;
    await here.start([Consumer]);
  });

  const spied = () => {
    const spy = spiedClients(here.aws);
    here.onClose(() => {
      spy.sqs.destroy();
      spy.sns.destroy();
    });
    return spy;
  };
  const named = (calls: Call[], operation: string) => calls.filter(call => call.operation === operation);

  it('completes once AWS has accepted the event', async () => {
    const { sns, calls } = spied();
    await here.events({ sns }).emit('user.registered', { n: 1 });
    expect(named(calls, 'PublishBatch')).toEqual([expect.objectContaining({ ended: true })]);
    expect(calls.filter(({ operation }) => operation.startsWith('List'))).toEqual([]);
    await waitFor('the event', () => events.length === 1);
  });

  it('sends without a subscriber', async () => {
    const { client } = here.events();
    client.emit('user.registered', { hot: true });
    await waitFor('the event', () => events.length === 1);
    expect(events).toEqual([{ hot: true }]);
  });

  it('sends ten events that come together in one call', async () => {
    const { sns, calls } = spied();
    const { emit } = here.events({ sns });
    await emit('user.registered', 'first');
    calls.length = 0;
    await Promise.all(upTo(10).map(n => emit('user.registered', { n })));
    expect(calls.map(({ operation }) => operation)).toEqual(['PublishBatch']);
    await waitFor('all events', () => events.length === 11);
  });

  it('sends 25 commands of 25 groups that come together in three calls', async () => {
    const { sqs, calls } = spied();
    const { emit } = here.commands({ sqs, groupId: (_, data) => `group-${String(data)}`, publish: { lingerMs: 20 } });
    await emit('step', -1);
    calls.length = 0;
    await Promise.all(upTo(25).map(n => emit('step', n)));
    expect(named(calls, 'SendMessageBatch')).toHaveLength(3);
    await waitFor('all commands', () => commands.length === 26);
  });

  it('sends commands of one group one after the other, in their order', async () => {
    const { sqs, calls } = spied();
    const { emit } = here.commands({ sqs, groupId: () => 'one' });
    await Promise.all(upTo(5).map(n => emit('step', n)));
    expect(named(calls, 'SendMessageBatch')).toHaveLength(5);
    await waitFor('all commands', () => commands.length === 5);
    expect(commands.map(({ data }) => data)).toEqual(upTo(5));
  });

  it("gives each caller its own entry's result: one that is too large fails alone", async () => {
    const { emit } = here.events();
    const results = await Promise.allSettled(
      upTo(10).map(n => emit('user.registered', n === 4 ? { text: '🙈'.repeat(300_000) } : { n })),
    );
    expect(results.map(({ status }) => status)).toEqual(upTo(10).map(n => (n === 4 ? 'rejected' : 'fulfilled')));
    expect(results[4]).toMatchObject({ reason: { name: 'SnsSqsError', code: 'MESSAGE_TOO_LARGE', retryable: false } });
    await waitFor('the nine', () => events.length === 9);
  });

  it('repeats only the failed entries of a half-failed batch', async () => {
    const { sns, calls, failEntriesOnce } = spied();
    failEntriesOnce(body => body.includes('"n":3'));
    const { emit } = here.events({ sns, publish: { retryDelayMs: 1 } });
    await emit('user.registered', { n: 100 });
    calls.length = 0;
    await Promise.all(upTo(10).map(n => emit('user.registered', { n })));
    const sizes = named(calls, 'PublishBatch').map(
      ({ input }) => (input as { PublishBatchRequestEntries: unknown[] }).PublishBatchRequestEntries.length,
    );
    expect(sizes).toEqual([10, 1]);
    await here.queue(EVENTS).untilEmpty();
    await waitFor('all events', () => events.length === 11);
  });

  it('lets no command overtake a failed one of its group', async () => {
    const { sqs, failEntriesOnce } = spied();
    failEntriesOnce(body => body.includes('"n":2'));
    const { emit } = here.commands({ sqs, groupId: () => 'one', publish: { retryDelayMs: 1 } });
    await Promise.all(upTo(15).map(n => emit('step', { n })));
    await waitFor('all commands', () => commands.length === 15);
    expect(commands.map(({ data }) => data)).toEqual(upTo(15).map(n => ({ n })));
  });

  it('errors when the endpoint is unreachable', async () => {
    const aws = awsOf(`http://127.0.0.1:${await closedPort()}`);
    const { emit } = here.events({ aws, publish: { maxAttempts: 1 } });
    await expect(emit('user.registered', {})).rejects.toMatchObject({ code: 'ENDPOINT_UNREACHABLE' });
  });

  const circle: unknown[] = [];
  circle.push(circle);

  it.each<[string, unknown]>([
    ['a BigInt', { big: 1n }],
    ['a circle', circle],
  ])('refuses data that JSON cannot carry: %s', async (_, data) => {
    await expect(here.events().emit('user.registered', data)).rejects.toMatchObject({ code: 'UNSERIALIZABLE_DATA' });
  });

  it('refuses a command without a group id, and says how to give one', async () => {
    await expect(here.commands().emit('step', {})).rejects.toMatchObject({
      name: 'SnsSqsError',
      code: 'GROUP_ID_MISSING',
      message: expect.stringMatching(/setGroupId|groupId/) as string,
    });
    expect(await here.queue(COMMANDS).size()).toBe(0);
  });

  it("takes group id and deduplication id from the client's options, as functions of pattern and data", async () => {
    const { emit } = here.commands({
      groupId: (pattern, data) => `${pattern}-${(data as { user: string }).user}`,
      deduplicationId: (pattern, data) => `${pattern}-${(data as { id: string }).id}`,
    });
    await emit('step', { user: 'u1', id: 'x' });
    await emit('step', { user: 'u1', id: 'x' });
    await emit('step', { user: 'u1', id: 'y' });
    await waitFor('the last', () => commands.length === 2);
    await here.queue(COMMANDS).untilEmpty();
    expect(commands.map(({ data }) => data)).toEqual([
      { user: 'u1', id: 'x' },
      { user: 'u1', id: 'y' },
    ]);
    const system = commands[0]?.context.getMessage().Attributes;
    expect(system).toMatchObject({ MessageGroupId: 'step-u1', MessageDeduplicationId: 'step-x' });
  });

  it('lets a record say otherwise than the options', async () => {
    const { emit } = here.commands({ groupId: () => 'from-options', deduplicationId: () => 'from-options' });
    await emit('step', new SqsRecordBuilder({}).setGroupId('own').setDeduplicationId('own-id').build());
    await waitFor('the command', () => commands.length === 1);
    expect(commands[0]?.context.getMessage().Attributes).toMatchObject({
      MessageGroupId: 'own',
      MessageDeduplicationId: 'own-id',
    });
  });
});
