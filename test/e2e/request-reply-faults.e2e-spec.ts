import { ListQueuesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { ClientSQS, OnCommand, SqsContext, SqsRecordBuilder, type ClientSQSOptions } from 'nestjs-sns-sqs';
import { from, lastValueFrom, toArray } from 'rxjs';
import { CompiledConsumer } from '../support/child-consumer.js';
import { awsError, spiedClients, type Fault } from '../support/spied-clients.js';
import { Gate, waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'notifications-async-commands.fifo';
const DLQ = 'notifications-async-commands-dlq.fifo';

describe('send() when something fails', () => {
  const here = world();

  const ask = <T>(client: ClientSQS, pattern: unknown, data: unknown): Promise<T> =>
    lastValueFrom(client.send<T, unknown>(pattern, data));
  const spied = (fault: Fault) => {
    const { sqs, sns, calls } = spiedClients(here.aws, fault);
    here.onClose(() => (sqs.destroy(), sns.destroy()));
    return { sqs, sns, calls };
  };
  const replyQueues = async (): Promise<string[]> => {
    const { QueueUrls = [] } = await here.clients.sqs.send(new ListQueuesCommand({ QueueNamePrefix: here.prefix }));
    return QueueUrls.filter(url => url.includes('-replies-'));
  };
  const isReply: Fault = ({ operation, input }) =>
    operation === 'SendMessageBatch' && String(input['QueueUrl']).includes('-replies-')
      ? awsError('InternalError', 'away')
      : undefined;

  @Controller()
  class Echo {
    @MessagePattern('echo')
    echo(@Payload() data: unknown): unknown {
      return data;
    }
  }

  it('is answered by another process when the first dies in mid-handler (kill -9)', async () => {
    @Controller()
    class Second {
      @MessagePattern('send-welcome-email')
      send(@Ctx() context: SqsContext): number {
        return context.getAttempt();
      }
    }
    const compiled = await CompiledConsumer.compile();
    here.onClose(() => compiled.remove());
    const options = here.serverOptions({ consumer: { visibilityTimeoutSeconds: 2 } });
    const first = await compiled.run({ options, hang: true });
    here.onClose(() => first.end('SIGKILL'));
    const answer = ask(here.commands().client, 'send-welcome-email', { n: 1 });
    await waitFor('the request to be in work', () => first.facts.some(({ started }) => started === 'command'));
    await first.end('SIGKILL');
    await here.start([Second]);
    expect(await answer).toBe(2);
    await here.queue(QUEUE).untilEmpty();
  });

  it('is answered by another server when the first is forced to stop', async () => {
    const started = new Gate();
    @Controller()
    class First {
      @MessagePattern('echo')
      never(): Promise<never> {
        started.open();
        return new Promise(() => undefined);
      }
    }
    const { app } = await here.start([First], { shutdownTimeoutMs: 0 });
    const answer = ask(here.commands().client, 'echo', 'x');
    await started.opened;
    await app.close();
    await here.start([Echo]);
    expect(await answer).toBe('x');
  });

  it('gets each item once when the request is handled a second time', async () => {
    let runs = 0;
    @Controller()
    class Items {
      @MessagePattern('items')
      items(): unknown {
        runs += 1;
        return from(['a', 'b', 'c']);
      }
    }
    // The first server loses every delete, and so is as good as dead after its answer.
    const { sqs, sns } = spied(({ operation, input }) =>
      operation === 'DeleteMessageBatch' && String(input['QueueUrl']).includes('async-commands')
        ? awsError('InternalError', 'away')
        : undefined,
    );
    const { app } = await here.start([Items], { sqs, sns, consumer: { visibilityTimeoutSeconds: 1 } });
    const client = here.commands().client;
    expect(await lastValueFrom(client.send('items', {}).pipe(toArray()))).toEqual(['a', 'b', 'c']);
    await app.close();
    await here.start([Items, Echo]);
    await waitFor('the second run', () => runs === 2);
    await here.queue(QUEUE).untilEmpty();
    expect(await ask(client, 'echo', 'goes on')).toBe('goes on');
  });

  it('gets a reply that SQS did not take at first', async () => {
    let refused = 0;
    const { sqs, sns } = spied(call => (isReply(call) && (refused += 1) <= 2 ? isReply(call) : undefined));
    await here.start([Echo], { sqs, sns });
    expect(await ask(here.commands().client, 'echo', 'x')).toBe('x');
    expect(refused).toBeGreaterThanOrEqual(3);
  });

  it('ends by its own timeout when the reply cannot be sent; the request is done and not repeated', async () => {
    let runs = 0;
    @Controller()
    class Counting {
      @MessagePattern('count')
      count(): number {
        return (runs += 1);
      }
    }
    const { sqs, sns } = spied(call => (isReply(call) ? awsError('InvalidParameterValue', 'not so', 400) : undefined));
    await here.start([Counting], { sqs, sns });
    const answer = ask(here.commands({ replyTimeoutMs: 3_000 }).client, 'count', {});
    await here.queue(QUEUE).untilEmpty();
    await waitFor('the log line', () => here.logs.with('a reply to', 'error').length === 1);
    await expect(answer).rejects.toMatchObject({ code: 'REPLY_TIMEOUT' });
    expect(runs).toBe(1);
    expect(await here.queue(DLQ).size()).toBe(0);
  });

  it('leaves no queue behind when replies cannot be received, and sends nothing', async () => {
    const { sqs } = spied(({ operation, input }) =>
      operation === 'ReceiveMessage' && String(input['QueueUrl']).includes('-replies-')
        ? awsError('AccessDenied', 'not you', 403)
        : undefined,
    );
    const client = here.commands({ sqs }).client;
    await expect(ask(client, 'echo', 1)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    await expect(ask(client, 'echo', 2)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    expect(await replyQueues()).toEqual([]);
    expect(await here.queue(QUEUE).size()).toBe(0);
  });

  it('is not overtaken in its group by what is emitted after it, though its reply queue must be made first', async () => {
    const order: string[] = [];
    @Controller()
    class Steps {
      @MessagePattern('first')
      first(): void {
        order.push('first');
      }

      @OnCommand('second')
      second(): void {
        order.push('second');
      }
    }
    await here.start([Steps]);
    const options: Partial<ClientSQSOptions> = { groupId: () => 'one' };
    const { client, emit } = here.commands(options);
    await client.connect();
    const answer = lastValueFrom(client.send('first', {}), { defaultValue: undefined });
    await emit('second', {});
    await answer;
    await waitFor('both', () => order.length === 2);
    expect(order).toEqual(['first', 'second']);
  });

  it('that fails does not hold up its group', async () => {
    @Controller()
    class Group {
      @MessagePattern('fail')
      fail(): never {
        throw new RpcException('on purpose');
      }
    }
    await here.start([Group, Echo]);
    const client = here.commands().client;
    const inOne = (data: unknown) => new SqsRecordBuilder(data).setGroupId('one').build();
    const [failed, next] = await Promise.allSettled([ask(client, 'fail', inOne({})), ask(client, 'echo', inOne('x'))]);
    expect(failed).toMatchObject({ reason: { message: 'on purpose' } });
    expect(next).toMatchObject({ value: 'x' });
  });

  it('reads a reply queue that an abandoned stream has filled, and drops what is late', async () => {
    const gate = new Gate();
    @Controller()
    class Late {
      @MessagePattern('late')
      async late(): Promise<unknown> {
        await gate.opened;
        return from(Array.from({ length: 30 }, (_, n) => n));
      }
    }
    await here.start([Late, Echo]);
    const client = here.commands().client;
    expect(await ask(client, 'echo', 1)).toBe(1);
    const seen: unknown[] = [];
    client
      .send('late', {})
      .subscribe(item => seen.push(item))
      .unsubscribe();
    await waitFor('the request to be in work', async () => (await here.queue(QUEUE).size()) === 0 || gate);
    gate.open();
    await here.queue(QUEUE).untilEmpty();
    expect(await ask(client, 'echo', 2)).toBe(2);
    const [QueueUrl] = await replyQueues();
    await waitFor('the late replies to be dropped', async () => {
      if ((await ask(client, 'echo', 3)) !== 3) return false;
      const { Messages = [] } = await here.clients.sqs.send(
        new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0 }),
      );
      return Messages.length === 0;
    });
    expect(seen).toEqual([]);
  });
});
