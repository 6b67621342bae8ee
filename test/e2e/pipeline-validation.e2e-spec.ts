import * as common from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { IsEmail, IsInt } from 'class-validator';
import { DEAD_LETTER_ATTRIBUTES, OnCommand, OnDomainEvent } from 'nestjs-sns-sqs';
import { z } from 'zod';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const { Controller, UsePipes, ValidationPipe } = common;

/** Since Nest 12. */
const { StandardSchemaValidationPipe } = common as {
  StandardSchemaValidationPipe?: new () => common.PipeTransform;
};
type WithSchema = (options: { schema: unknown }) => ParameterDecorator;
const itOnNest12 = StandardSchemaValidationPipe ? it : (): void => undefined;

describe('payloads', () => {
  const here = world();

  it("are validated and made instances by class-validator's pipe; what does not pass is in the DLQ with its list", async () => {
    class User {
      @IsEmail()
      email: string;

      @IsInt()
      age: number;
    }
    const seen: unknown[] = [];
    @Controller()
    @UsePipes(new ValidationPipe({ transform: true }))
    class Users {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      registered(@Payload() user: User): void {
        seen.push([user instanceof User, user.age]);
      }
    }
    await here.start([Users], { consumer: { maxReceiveCount: 2 } });
    const { emit } = here.events();
    await emit('user.registered', { email: 'ada@example.org', age: 36 });
    await emit('user.registered', { email: 'nobody', age: 'old' });
    const { attributes } = await here.queue('work-on-user-registered-dlq').takeOne();
    expect(attributes[DEAD_LETTER_ATTRIBUTES.details]).toMatch(/email must be an email.*age must be an integer/);
    expect(seen).toEqual([[true, 36]]);
  });

  itOnNest12("are validated and transformed by Nest 12's StandardSchemaValidationPipe", async () => {
    const user = z.object({ email: z.email(), at: z.string().transform(text => new Date(text)) });
    const seen: unknown[] = [];
    @Controller()
    class Users {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      registered(@((Payload as WithSchema)({ schema: user })) registered: z.output<typeof user>): void {
        seen.push(registered.at);
      }

      @OnCommand('rename')
      rename(
        @((Payload as WithSchema)({ schema: z.object({ name: z.string().trim() }) })) data: { name: string },
      ): void {
        seen.push(data.name);
      }
    }
    await here.start([Users], {
      consumer: { maxReceiveCount: 2 },
      configure: app => StandardSchemaValidationPipe && app.useGlobalPipes(new StandardSchemaValidationPipe()),
    });
    const { emit } = here.events();
    await emit('user.registered', { email: 'ada@example.org', at: '2026-01-01' });
    await waitFor('the event', () => seen.length === 1);
    await here.commands({ groupId: () => 'one' }).emit('rename', { name: ' Ada ' });
    await waitFor('the command', () => seen.length === 2);
    expect(seen).toEqual([new Date('2026-01-01'), 'Ada']);
    await emit('user.registered', { email: 'nobody', at: '2026-01-01' });
    const { attributes } = await here.queue('work-on-user-registered-dlq').takeOne();
    expect(attributes[DEAD_LETTER_ATTRIBUTES.details]).toMatch(/email/);
    expect(seen).toHaveLength(2);
  });
});
