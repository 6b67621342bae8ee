import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  ClientSNS,
  ClientSQS,
  DeadLetter,
  Discard,
  OnCommand,
  OnDomainEvent,
  ServerSQS,
  SqsContext,
  SqsRecordBuilder,
} from 'nestjs-sns-sqs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';
import { itNeeds } from './deviations.js';

const QUEUE = 'work-on-user-registered';
/** Forges a line, and paints it: where it reaches a terminal or a log file as it is, nobody knows what happened. */
const HOSTILE = 'x\r\n[Nest] 1 - LOG [ServerSQS] all is well\u001b[2J\u001b[31m\u2028\u0085\u0000';
/** Line ends of all kinds, and what begins a terminal's control sequence. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;

const body = (changes: Record<string, unknown>): string =>
  JSON.stringify({ specversion: '1.0', id: 'e', source: 'users', type: 'user.registered', data: {}, ...changes });

describe('hostile text from outside', () => {
  const here = world('per-file');

  beforeAll(async () => {
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(@Payload() { fail }: { fail?: string }, @Ctx() context: SqsContext): void {
        const { id, source, subject = '' } = context.getMetadata();
        const said = `${id} of ${source} about ${subject}`;
        if (fail === 'throw') throw new Error(said);
        if (fail === 'discard') throw new Discard(said);
        throw new DeadLetter(said, { cause: new Error(said) });
      }

      @OnCommand('work')
      command(@Ctx() context: SqsContext): void {
        throw new Error(context.getMessage().Attributes?.['MessageGroupId']);
      }
    }
    await here.start([Work], { consumer: { maxReceiveCount: 1 }, unknownTypeGraceSeconds: 0 });
  });

  afterEach(() => here.logs.clear());

  it.each<[string, string]>([
    ['a type that no handler takes', body({ type: HOSTILE })],
    ['a specversion', body({ specversion: HOSTILE })],
    ['a time', body({ time: HOSTILE })],
    ['broken JSON', `{"a":"b"}${HOSTILE.replaceAll('\u0000', '?').replaceAll('\u001b', '?')}`],
    ['a key', JSON.stringify({ [HOSTILE]: 1 })],
    [
      'an id, a source and a subject that a handler puts into its error',
      body({ id: HOSTILE, source: HOSTILE, subject: HOSTILE, data: { fail: 'throw' } }),
    ],
    ["the same in a dead letter's reason", body({ id: HOSTILE, source: HOSTILE, subject: HOSTILE })],
  ])('%s is one line of the log and one of the dead letter', async (_, message) => {
    await here.queue(QUEUE).send(message);
    const { attributes } = await here.queue(`${QUEUE}-dlq`).takeOne();
    for (const [name, value] of Object.entries(attributes)) expect([name, CONTROL.test(value)]).toEqual([name, false]);
    expect(here.logs.with(QUEUE).length).toBeGreaterThan(0);
    // Of a stack each frame is a line.
    for (const line of here.logs.all().flatMap(text => text.split(/\n {4}at /))) expect(line).not.toMatch(CONTROL);
  });

  it('a reason to discard is one line too', async () => {
    await here.queue(QUEUE).send(body({ id: HOSTILE, data: { fail: 'discard' } }));
    const [line] = await waitFor('the log', () => {
      const lines = here.logs.with('is discarded');
      return lines.length > 0 ? lines : undefined;
    });
    expect(line).not.toMatch(CONTROL);
  });

  it('a message group is passed on as it is, of the characters that AWS allows', async () => {
    const group = `:*?[]{}"'$(rm)\\\\%0a`;
    await here.commands().emit('work', new SqsRecordBuilder({}).setGroupId(group).build());
    const letter = await here.queue('notifications-async-commands-dlq.fifo').takeOne();
    expect(letter.groupId).toBe(group);
    expect(() => new SqsRecordBuilder({}).setGroupId(HOSTILE)).toThrow(/INVALID_RECORD|is not allowed/);
  });

  it("a handler's pattern is a value of the filter policy, not a part of its syntax", async () => {
    const pattern = `a"]},{"type":[{"exists":true}],"b":["`;
    @Controller()
    class Work {
      @OnDomainEvent(pattern, { from: 'users', useCase: 'filtered', queue: 'filtered' })
      handle(): void {}
    }
    await here.start([Work]);
    const { FilterPolicy = '' } = await here.topic('users-domain-events').subscription(here.queue('filtered'));
    expect(JSON.parse(FilterPolicy)).toEqual({ type: [pattern] });
  });

  it.each<[string, () => unknown]>([
    ['a service', () => new ServerSQS({ service: 'users:*' })],
    ['a prefix', () => new ServerSQS({ service: 'users', prefix: 'dev/*' })],
    ['the service of a client', () => new ClientSNS({ service: 'users","Effect":"Allow' })],
    ['a queue of a client', () => new ClientSQS({ service: 'users', queue: '../other' })],
  ])('%s that would reach into an ARN or a URL is refused', (_, make) => {
    expect(make).toThrow(/service|prefix|queue/);
  });

  it('a queue that would reach into an ARN is refused at the start', async () => {
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'w', queue: 'q:*' })
      handle(): void {}
    }
    await expect(here.start([Work])).rejects.toMatchObject({ code: 'INVALID_NAME' });
  });

  itNeeds('attribute-characters')('an emit that AWS refuses tells of a hostile type in one line', async () => {
    const error = await here
      .events()
      .emit(HOSTILE, {})
      .then(
        () => undefined,
        (reason: Error) => reason,
      );
    expect(error?.message).toBeDefined();
    expect(error?.message).not.toMatch(CONTROL);
  });
});
