import { randomUUID } from 'node:crypto';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { DEAD_LETTER_ATTRIBUTES, OnDomainEvent, SqsContext } from 'nestjs-sns-sqs';
import type { Letter } from '../support/queue-probe.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'work-on-user-registered';
const MIB = 1_048_576;

const event = (changes: Record<string, unknown> = {}): string =>
  JSON.stringify({
    specversion: '1.0',
    // What was done once is not done again.
    id: randomUUID(),
    source: 'users',
    type: 'user.registered',
    time: '2026-01-01T00:00:00Z',
    data: { n: 0 },
    ...changes,
  });
const without = (name: string): string => event({ [name]: undefined });
const wrapped = (Message: unknown): string =>
  JSON.stringify({ Type: 'Notification', MessageId: 'm', TopicArn: 'arn:aws:sns:us-east-1:000000000000:t', Message });
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('bad input', () => {
  const here = world('per-file');
  const handled: unknown[] = [];

  beforeAll(async () => {
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(@Payload() data: unknown): void {
        handled.push(data);
      }
    }
    await here.start([Work], { unknownTypeGraceSeconds: 0 });
  });

  beforeEach(() => handled.splice(0));

  /** Sends it and then a good event; gives what came to the dead letter queue once the good one is handled. */
  async function letterOf(body: string, attributes: Record<string, string> = {}): Promise<Letter> {
    await here.queue(QUEUE).send(body, { attributes });
    const letter = await here.queue(`${QUEUE}-dlq`).takeOne();
    await here.queue(QUEUE).send(event({ data: { good: true } }));
    await waitFor('the good event behind it to be handled', () => handled.length);
    expect(handled).toEqual([{ good: true }]);
    await here.queue(QUEUE).untilEmpty();
    return letter;
  }

  it.each<[string, string, string]>([
    ['malformed JSON', '{"specversion": "1.0", "data":', 'UNPARSABLE_MESSAGE'],
    ['a truncated event', event().slice(0, -1), 'UNPARSABLE_MESSAGE'],
    ['a body of white space', ' \n\t ', 'UNPARSABLE_MESSAGE'],
    ['an empty JSON string', '""', 'UNPARSABLE_MESSAGE'],
    ['null', 'null', 'UNPARSABLE_MESSAGE'],
    ['a number', '17', 'UNPARSABLE_MESSAGE'],
    ['a list', '[]', 'UNPARSABLE_MESSAGE'],
    ['an empty object', '{}', 'UNPARSABLE_MESSAGE'],
    ['plain text', 'user registered!', 'UNPARSABLE_MESSAGE'],
    ['XML', '<event type="user.registered"/>', 'UNPARSABLE_MESSAGE'],
    ['deep nesting', nested(200_000), 'UNPARSABLE_MESSAGE'],
    ['deep nesting that never closes', '{"a":'.repeat(100_000), 'UNPARSABLE_MESSAGE'],
    ['an unknown specversion', event({ specversion: '99.0' }), 'UNPARSABLE_MESSAGE'],
    ['a specversion of another kind', event({ specversion: 1 }), 'UNPARSABLE_MESSAGE'],
    ['no specversion', without('specversion'), 'UNPARSABLE_MESSAGE'],
    ['no id', without('id'), 'UNPARSABLE_MESSAGE'],
    ['no source', without('source'), 'UNPARSABLE_MESSAGE'],
    ['no type', without('type'), 'UNPARSABLE_MESSAGE'],
    ['an empty id', event({ id: '' }), 'UNPARSABLE_MESSAGE'],
    ['an id that is an object', event({ id: { $gt: '' } }), 'UNPARSABLE_MESSAGE'],
    ['a type that is a list', event({ type: ['user.registered'] }), 'UNPARSABLE_MESSAGE'],
    ['a source that is null', event({ source: null }), 'UNPARSABLE_MESSAGE'],
    ['a subject that is a number', event({ subject: 7 }), 'UNPARSABLE_MESSAGE'],
    ['a time that is none', event({ time: 'yesterday' }), 'UNPARSABLE_MESSAGE'],
    ['an unknown type', event({ type: 'user.exploded' }), 'NO_HANDLER'],
    ['a type named like a prototype', event({ type: '__proto__' }), 'NO_HANDLER'],
    ['a type of control characters', event({ type: 'user\u0000\n\u0007' }), 'NO_HANDLER'],
    ['a wrapper with a broken message inside', wrapped('{"specversion":'), 'UNPARSABLE_MESSAGE'],
    ['a wrapper with plain text inside', wrapped('hello'), 'UNPARSABLE_MESSAGE'],
    ['a wrapper with an object inside', wrapped({ specversion: '1.0' }), 'UNPARSABLE_MESSAGE'],
    ['a wrapper with nothing inside', wrapped(undefined), 'UNPARSABLE_MESSAGE'],
    ['a wrapper with an unknown type inside', wrapped(event({ type: 'user.exploded' })), 'NO_HANDLER'],
    ['almost 1 MiB of rubbish', 'x'.repeat(MIB - 4_096), 'UNPARSABLE_MESSAGE'],
    ['almost 1 MiB of emoji', '🙈'.repeat(MIB / 4 - 1_024), 'UNPARSABLE_MESSAGE'],
  ])('%s ends in the DLQ with its reason, and the consumer goes on', async (_, body, code) => {
    const letter = await letterOf(body);
    expect(letter.body).toBe(body);
    expect(letter.attributes).toMatchObject({
      [DEAD_LETTER_ATTRIBUTES.error]: code,
      [DEAD_LETTER_ATTRIBUTES.attempts]: code === 'NO_HANDLER' ? '0' : '1',
      [DEAD_LETTER_ATTRIBUTES.queue]: `${here.prefix}${QUEUE}`,
    });
    expect(letter.attributes[DEAD_LETTER_ATTRIBUTES.reason]?.length).toBeGreaterThan(10);
    expect(letter.attributes[DEAD_LETTER_ATTRIBUTES.reason]?.length).toBeLessThanOrEqual(1_000);
  });

  it('of the full 1 MiB, which leaves no room for a reason, is moved as it is, with the reason in the log', async () => {
    const body = 'y'.repeat(MIB);
    const letter = await letterOf(body);
    expect(letter.body === body).toBe(true);
    expect(here.logs.with(/goes to the dead-letter queue/)).not.toEqual([]);
  });

  it('with ten attributes of its own keeps what AWS has room for, the reason included', async () => {
    const attributes = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`own-${i}`, `value ${i}`]));
    const letter = await letterOf('rubbish', attributes);
    expect(letter.attributes).toMatchObject({ 'own-0': 'value 0', 'own-8': 'value 8' });
    const all: unknown = JSON.parse(letter.attributes[DEAD_LETTER_ATTRIBUTES.all] ?? '');
    expect(all).toMatchObject({
      [DEAD_LETTER_ATTRIBUTES.error]: 'UNPARSABLE_MESSAGE',
      attributes: { 'own-9': 'value 9' },
    });
  });

  it('in crowds does not hold up the good: 30 bad ones and 10 good ones in one queue', async () => {
    const queue = here.queue(QUEUE);
    for (const round of [1, 2, 3]) await queue.sendAll(Array.from({ length: 10 }, (_, i) => `{"bad": ${round}${i}`));
    await queue.sendAll(Array.from({ length: 10 }, (_, n) => event({ id: `good-${n}`, data: { n } })));
    await waitFor('the good ones to be handled', () => handled.length === 10);
    expect(await here.queue(`${QUEUE}-dlq`).take(30)).toHaveLength(30);
    await queue.untilEmpty();
  });
});

describe('unusual input that is good', () => {
  const here = world('per-file');
  const handled: Array<{ data: unknown; context: SqsContext }> = [];

  beforeAll(async () => {
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(@Payload() data: unknown, @Ctx() context: SqsContext): void {
        handled.push({ data, context });
      }
    }
    await here.start([Work]);
  });

  beforeEach(() => handled.splice(0));

  async function handle(body: string): Promise<{ data: unknown; context: SqsContext }> {
    await here.queue(QUEUE).send(body);
    const first = await waitFor('it to be handled', () => handled[0]);
    await here.queue(QUEUE).untilEmpty();
    expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(0);
    return first;
  }

  it('without any message attribute is handled: the body says it all', async () => {
    expect((await handle(event())).data).toEqual({ n: 0 });
  });

  it('with unknown extensions is handled', async () => {
    expect((await handle(event({ shardkey: 'k', datacontenttype: 'application/json' }))).data).toEqual({ n: 0 });
  });

  it('of almost 1 MiB is handled', async () => {
    const text = 'x'.repeat(MIB - 1_024);
    const { data } = await handle(event({ data: { text } }));
    expect((data as { text: string }).text.length).toBe(text.length);
  });

  it('in the wrapper of SNS is handled', async () => {
    expect((await handle(wrapped(event()))).data).toEqual({ n: 0 });
  });
});
