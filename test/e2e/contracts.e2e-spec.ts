import type { StandardSchemaV1 } from '@standard-schema/spec';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { type } from 'arktype';
import { DEAD_LETTER_ATTRIBUTES, defineContract, SqsRecordBuilder, typed } from 'nestjs-sns-sqs';
import { from, lastValueFrom, toArray, type Observable } from 'rxjs';
import * as v from 'valibot';
import { z } from 'zod';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

interface Given {
  id: string;
  at: string;
}

interface Registered {
  id: string;
  at: Date;
}

const toDate = (text: string): Date => new Date(text);
const schemas: Record<string, StandardSchemaV1<Given, Registered>> = {
  zod: z.object({ id: z.string(), at: z.string().transform(toDate) }),
  valibot: v.object({ id: v.string(), at: v.pipe(v.string(), v.transform(toDate)) }),
  arktype: type({ id: 'string', at: type('string').pipe(toDate) }),
};

describe('a contract', () => {
  const here = world();

  it.each(Object.entries(schemas))(
    'by %s is kept on both sides: a bad publish is rejected, a bad delivery is in the DLQ with its issues',
    async (_, registered) => {
      const users = defineContract('users', {
        events: { 'user.registered': registered },
        commands: { 'deactivate-user': registered },
      });
      const seen: Registered[] = [];
      @Controller()
      class Users {
        @users.OnEvent('user.registered', { useCase: 'send-email' })
        registered(@Payload() user: Registered): void {
          seen.push(user);
        }

        @users.OnCommand('deactivate-user')
        deactivate(@Payload() user: Registered): void {
          seen.push(user);
        }
      }
      await here.start([Users], { service: 'users' });
      const events = here.events();
      const commands = here.commands({ service: 'users', groupId: () => 'one' });
      const good: Given = { id: 'u', at: '2026-01-01T00:00:00Z' };
      const bad = { id: 7, at: '2026-01-01' } as unknown as Given;
      const violates = { code: 'CONTRACT_VIOLATION', facts: { issues: [{ path: 'id' }] } };

      await lastValueFrom(users.events(events.client).emit('user.registered', good));
      await lastValueFrom(users.commands(commands.client).emit('deactivate-user', good));
      await waitFor('both', () => seen.length === 2);
      expect(seen).toEqual(Array(2).fill({ id: 'u', at: new Date('2026-01-01T00:00:00Z') }));

      const rejected = lastValueFrom(users.events(events.client).emit('user.registered', bad));
      await expect(rejected).rejects.toMatchObject(violates);
      const refused = lastValueFrom(users.commands(commands.client).emit('deactivate-user', bad));
      await expect(refused).rejects.toMatchObject(violates);

      await events.emit('user.registered', bad);
      await commands.emit('deactivate-user', bad);
      for (const queue of ['send-email-on-user-registered-dlq', 'users-async-commands-dlq.fifo']) {
        const { attributes } = await here.queue(queue).takeOne();
        expect(attributes).toMatchObject({
          [DEAD_LETTER_ATTRIBUTES.error]: 'CONTRACT_VIOLATION',
          [DEAD_LETTER_ATTRIBUTES.attempts]: '1',
          [DEAD_LETTER_ATTRIBUTES.details]: expect.stringContaining('"path":"id"') as string,
        });
      }
      expect(seen).toHaveLength(2);
    },
  );
});

describe('a contract of requests', () => {
  const here = world();
  const day = z.string().transform(toDate);
  const calendar = defineContract('calendar', {
    requests: {
      next: { request: z.object({ after: day }), reply: day },
      holidays: { request: typed<number>(), reply: z.iso.date() },
      free: { request: typed<{ n: number }>(), reply: typed<number>() },
    },
  });

  const answers: { next: unknown; holidays: unknown[] } = { next: '2026-01-02', holidays: [] };

  @Controller()
  class Calendar {
    @calendar.OnRequest('next')
    next(@Payload() { after }: { after: Date }): string {
      return answers.next === undefined ? after.toISOString() : (answers.next as string);
    }

    @calendar.OnRequest('holidays')
    holidays(): Observable<string> {
      return from(answers.holidays as string[]);
    }

    @calendar.OnRequest('free')
    free(@Payload() { n }: { n: number }): Promise<number> {
      return Promise.resolve(n * 2);
    }
  }

  async function ask() {
    await here.start([Calendar], { service: 'calendar' });
    const { client } = here.commands({ service: 'calendar' });
    return { client, requests: calendar.requests(client) };
  }

  it('gives the handler and the caller what the schemas make of the request and the reply', async () => {
    const { requests } = await ask();
    answers.next = undefined;
    const next: Date = await lastValueFrom(requests.send('next', { after: '2026-01-01' }));
    expect(next).toEqual(new Date('2026-01-01'));
    const record = new SqsRecordBuilder({ n: 2 }).setGroupId('one').build();
    expect(await lastValueFrom(requests.send('free', record))).toBe(4);
  });

  it('sends no request that does not fit, and answers one that comes all the same', async () => {
    const { client, requests } = await ask();
    const bad = { after: 7 } as unknown as { after: string };
    await expect(lastValueFrom(requests.send('next', bad))).rejects.toMatchObject({ code: 'CONTRACT_VIOLATION' });
    await expect(lastValueFrom(client.send('next', bad))).rejects.toMatchObject({
      status: 'error',
      message: expect.stringMatching(/does not fit its contract: after: /) as string,
    });
    await here.queue('calendar-async-commands.fifo').untilEmpty();
    expect(await here.queue('calendar-async-commands-dlq.fifo').size()).toBe(0);
  });

  it('sends no reply that does not fit: its caller gets an error, and the service a line in its log', async () => {
    const { requests } = await ask();
    answers.next = 7;
    await expect(lastValueFrom(requests.send('next', { after: '2026-01-01' }))).rejects.toMatchObject({
      status: 'error',
      message: expect.stringMatching(/^The reply to "next" does not fit/) as string,
    });
    expect(here.logs.with('The reply to "next" does not fit', 'warn')).toHaveLength(1);
    answers.holidays = ['2026-01-01', '2026-12-25'];
    expect(await lastValueFrom(requests.send('holidays', 2026).pipe(toArray()))).toEqual(answers.holidays);
    answers.holidays = ['2026-01-01', 'someday'];
    const seen: string[] = [];
    const error = await new Promise(reject =>
      requests.send('holidays', 2026).subscribe({ next: item => seen.push(item), error: reject }),
    );
    expect(error).toMatchObject({ status: 'error' });
    expect(seen).toEqual(['2026-01-01']);
  });

  it('does not take a reply that breaks it, from a service that checks nothing', async () => {
    @Controller()
    class Unchecked {
      @(defineContract('calendar', {
        requests: { next: { request: typed<object>(), reply: typed<number>() } },
      }).OnRequest('next'))
      next(): number {
        return 7;
      }
    }
    await here.start([Unchecked], { service: 'calendar' });
    const { client } = here.commands({ service: 'calendar' });
    const answer = lastValueFrom(calendar.requests(client).send('next', { after: '2026-01-01' }));
    await expect(answer).rejects.toMatchObject({
      code: 'CONTRACT_VIOLATION',
      message: expect.stringContaining('The reply to "next"') as string,
    });
  });
});
