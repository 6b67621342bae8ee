import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { ClientSNS, ClientSQS, OnCommand, ServerSQS, SqsRecordBuilder, type ClientSQSOptions } from 'nestjs-sns-sqs';
import { Test } from '@nestjs/testing';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { startLocalBroker, type LocalBroker } from 'local-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { CapturedLogs } from '../support/captured-logs.js';
import { awsOf, wireUnderTest } from '../support/endpoint.js';
import { waitFor } from '../support/wait-for.js';

const QUEUE = 'jobs-async-commands.fifo';
const TOPIC = 'jobs-domain-events';

/** Faults and restarts need a broker of the test's own, wherever the rest of the suite runs. */
describe('a client whose topic or queue is not there', () => {
  const closers: Array<() => unknown> = [];
  let broker: LocalBroker;

  beforeEach(async () => {
    broker = await startLocalBroker();
    closers.push(() => broker.stop());
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  const clients = (options: Partial<ClientSQSOptions> = {}) => {
    const common = {
      service: 'jobs',
      source: 'web',
      aws: { ...awsOf(broker.endpoint), maxAttempts: 1 },
      wire: wireUnderTest,
      publish: { retryDelayMs: 20 },
      ...options,
    };
    const [events, commands] = [new ClientSNS(common), new ClientSQS(common)];
    closers.push(() => events.close());
    closers.push(() => commands.close());
    return {
      commands,
      event: () => lastValueFrom(events.emit('job.done', 1), { defaultValue: undefined }),
      command: (type = 'do') => {
        const record = new SqsRecordBuilder(1).setGroupId('one').build();
        return lastValueFrom(commands.emit(type, record), { defaultValue: undefined });
      },
    };
  };
  const restartEmpty = async (): Promise<void> => {
    const port = Number(new URL(broker.endpoint).port);
    await broker.stop();
    broker = await startLocalBroker({ port });
  };
  const typesIn = (queue: string) =>
    broker.inspect.queue(queue)?.messages.map(({ body }) => (JSON.parse(body) as { type: string }).type);

  it('makes them again when the broker has restarted empty, and keeps the order of a group', async () => {
    const { event, command } = clients();
    await Promise.all([event(), command('first')]);
    await restartEmpty();
    await Promise.all([event(), command('a'), command('b'), command('c')]);
    expect(typesIn(QUEUE)).toEqual(['a', 'b', 'c']);
    expect(broker.inspect.topics()).toEqual([`arn:aws:sns:us-east-1:000000000000:${TOPIC}`]);
  });

  it('sends to a queue that it has made, though AWS does not know it yet for its first second', async () => {
    broker.faults.add({ queueYoungerThanMs: 1_000, effect: { kind: 'missing' } });
    await clients({ publish: { maxAttempts: 1 } }).command();
    expect(typesIn(QUEUE)).toEqual(['do']);
  });

  it.each(['verify', 'off'] as const)('says what is missing with %s, and goes on once it is there', async mode => {
    await Promise.all([clients().event(), clients().command()]);
    process.env['AWS_ACCOUNT_ID'] = '000000000000';
    closers.push(() => delete process.env['AWS_ACCOUNT_ID']);
    const { event, command } = clients({ provisioning: mode });
    await Promise.all([event(), command()]);
    await restartEmpty();
    await expect(command()).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND', retryable: true });
    await expect(event()).rejects.toMatchObject({ code: 'TOPIC_NOT_FOUND', retryable: true });
    expect(broker.inspect.queues()).toEqual([]);
    await Promise.all([clients().event(), clients().command('by another')]);
    await Promise.all([event(), command('by it')]);
    expect(typesIn(QUEUE)).toEqual(['by another', 'by it']);
  });

  it('rides out throttled look-ups with its first emit', async () => {
    for (const operation of ['sqs.GetQueueUrl', 'sqs.CreateQueue', 'sns.CreateTopic'])
      broker.faults.add({ operation, times: 2, effect: { kind: 'throttle' } });
    const { event, command } = clients();
    await Promise.all([event(), command()]);
    expect(typesIn(QUEUE)).toEqual(['do']);
  });

  it('gives up at once a look-up that is denied', async () => {
    const effect = { kind: 'error', status: 403, code: 'AccessDenied' } as const;
    broker.faults.add({ operation: /GetQueueUrl|CreateTopic/, effect });
    const { event, command } = clients();
    await expect(event()).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    await expect(command()).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    expect(broker.inspect.calls()).toEqual({ 'sqs.GetQueueUrl': 1, 'sns.CreateTopic': 1 });
  });

  it('makes its reply queue through throttling, and through the second in which AWS does not know it', async () => {
    @Controller()
    class Answers {
      @MessagePattern('echo')
      echo(@Payload() data: unknown): unknown {
        return data;
      }

      @OnCommand('do')
      do(): void {}
    }
    const strategy = new ServerSQS({ service: 'jobs', aws: awsOf(broker.endpoint), wire: wireUnderTest });
    const module = await Test.createTestingModule({ controllers: [Answers] })
      .setLogger(new CapturedLogs())
      .compile();
    const app = module.createNestMicroservice<MicroserviceOptions>({ strategy });
    closers.push(() => app.close());
    await app.listen();
    broker.faults.add({ operation: 'sqs.CreateQueue', times: 2, effect: { kind: 'throttle' } });
    broker.faults.add({
      operation: 'sqs.ReceiveMessage',
      times: 2,
      when: ({ resource }) => resource?.includes('-replies-') === true,
      effect: { kind: 'throttle' },
    });
    broker.faults.add({ queueYoungerThanMs: 500, effect: { kind: 'missing' } });
    const { commands } = clients();
    expect(await lastValueFrom(commands.send('echo', 'hello'))).toBe('hello');
    await waitFor('the queue to be empty', () => broker.inspect.queue(QUEUE)?.messages.length === 0);
  });
});
