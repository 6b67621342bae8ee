import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Controller, Injectable, UseGuards, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import { OnCommand, OnDomainEvent, SqsContext, SqsRecordBuilder } from 'nestjs-sns-sqs';
import { firstValueFrom } from 'rxjs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const MESSAGES = 20;
const als = new AsyncLocalStorage<{ of: string }>();

/** As the guard of nestjs-cls does. */
@Injectable()
class ContextGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const message = context.switchToRpc().getContext<SqsContext>().getMessage();
    if (!als.getStore()) als.enterWith({ of: message.MessageId ?? '' });
    return true;
  }
}

/** What handlers found, by message: right is their own, and nothing else. */
function uses(): { Uses: Type; found: Array<[string | undefined, string | undefined]> } {
  const found: Array<[string | undefined, string | undefined]> = [];
  const look = async (context: SqsContext): Promise<void> => {
    await pause(1);
    found.push([context.getMessage().MessageId, als.getStore()?.of]);
  };
  @Controller()
  @UseGuards(ContextGuard)
  class Uses {
    @OnDomainEvent('user.registered', { from: 'users', useCase: 'greet' })
    greet(@Ctx() context: SqsContext): Promise<void> {
      return look(context);
    }

    @OnCommand('greet')
    command(@Ctx() context: SqsContext): Promise<void> {
      return look(context);
    }

    @MessagePattern('greet-me')
    async request(@Ctx() context: SqsContext): Promise<string> {
      await look(context);
      return 'hello';
    }
  }
  return { Uses, found };
}

describe('each message has an async context of its own', () => {
  const here = world();

  const expectOwn = (found: Array<[string | undefined, string | undefined]>, count: number): void => {
    expect(found.map(([, store]) => store)).toEqual(found.map(([messageId]) => messageId));
    expect(new Set(found.map(([, store]) => store)).size).toBe(count);
  };

  it.each([['without an inbox', false] as const, ['with one', undefined] as const])('%s', async (_, inbox) => {
    const { Uses, found } = uses();
    await here.start([Uses], inbox === undefined ? {} : { inbox });
    const [events, commands] = [here.events(), here.commands({ groupId: () => 'one' })];
    await Promise.all(
      Array.from({ length: MESSAGES }, async (_, at) => {
        await events.emit('user.registered', { at });
        await commands.emit('greet', new SqsRecordBuilder({ at }).setGroupId(`group-${at % 3}`).build());
        await firstValueFrom(commands.client.send('greet-me', { at }));
      }),
    );
    await waitFor('all of them', () => found.length === 3 * MESSAGES);
    expectOwn(found, 3 * MESSAGES);
  });

  it('what the start itself has received', async () => {
    const { Uses, found } = uses();
    const { app } = await here.start([Uses], { inbox: false });
    await app.close();
    const events = here.events();
    await Promise.all(Array.from({ length: MESSAGES }, (_, at) => events.emit('user.registered', { at })));
    await here.start([Uses], { inbox: false });
    await waitFor('all of them', () => found.length === MESSAGES);
    expectOwn(found, MESSAGES);
  });
});
