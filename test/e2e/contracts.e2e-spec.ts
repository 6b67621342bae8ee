import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DEAD_LETTER_ATTRIBUTES, defineContract, type OutputOf } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { z } from 'zod';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const registered = z.object({ id: z.string(), at: z.string().transform(text => new Date(text)) });
const users = defineContract('users', { events: { 'user.registered': registered } });

describe('a contract', () => {
  const here = world();

  it('is kept on both sides: a bad publish is rejected, a bad delivery is in the DLQ with its issues', async () => {
    const seen: Array<OutputOf<typeof registered>> = [];
    @Controller()
    class SendEmail {
      @users.OnEvent('user.registered', { useCase: 'send-email' })
      handle(@Payload() user: OutputOf<typeof registered>): void {
        seen.push(user);
      }
    }
    await here.start([SendEmail]);
    const { client, emit } = here.events();

    await lastValueFrom(users.events(client).emit('user.registered', { id: 'u', at: '2026-01-01T00:00:00Z' }));
    await waitFor('the event', () => seen.length === 1);
    expect(seen).toEqual([{ id: 'u', at: new Date('2026-01-01T00:00:00Z') }]);

    const bad = { id: 7 } as unknown as { id: string; at: string };
    await expect(lastValueFrom(users.events(client).emit('user.registered', bad))).rejects.toMatchObject({
      code: 'CONTRACT_VIOLATION',
    });

    await emit('user.registered', bad);
    const letter = await here.queue('send-email-on-user-registered-dlq').takeOne();
    expect(letter.attributes).toMatchObject({
      [DEAD_LETTER_ATTRIBUTES.error]: 'CONTRACT_VIOLATION',
      [DEAD_LETTER_ATTRIBUTES.attempts]: '1',
      [DEAD_LETTER_ATTRIBUTES.details]: expect.stringContaining('"path":"id"') as string,
    });
    expect(seen).toHaveLength(1);
  });
});
