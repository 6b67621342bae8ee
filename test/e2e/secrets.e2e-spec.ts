import { Controller, ValidationPipe } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { IsEmail } from 'class-validator';
import { DeadLetter, OnDomainEvent, RetryLater, ServerSQS, SnsRecordBuilder } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { closedPort } from '../support/cuttable-proxy.js';
import { awsOf } from '../support/endpoint.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const SECRET = 'hunter2-4f9c';
const KEYS = { accessKeyId: 'AKIA-SECRET-ID', secretAccessKey: 'secret-access-key-77', sessionToken: 'token-5150' };
const SECRETS = [SECRET, ...Object.values(KEYS)];
const QUEUE = 'work-on-user-registered';

class Registered {
  @IsEmail()
  email: string;

  password: string;

  n: number;
}

describe('what is secret: payloads and credentials', () => {
  const here = world();

  const nothingSecretIn = (texts: readonly string[]): void => {
    for (const text of texts) for (const secret of SECRETS) expect(text).not.toContain(secret);
  };
  const access = () => ({ ...here.aws, credentials: KEYS });
  const data = (n: number) => ({ email: 'ada@example.com', password: SECRET, n });

  it('are in no line of the log, whatever becomes of the messages', async () => {
    let handled = 0;
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(@Payload() { n }: Registered): void {
        handled += 1;
        if (n === 1) throw new Error('broken');
        if (n === 2) throw new RetryLater(0, 'not now');
        if (n === 3) throw new DeadLetter('never');
      }

      @MessagePattern('login')
      login(): void {
        throw new Error('no');
      }
    }
    await here.start([Work], {
      aws: access(),
      consumer: {
        maxReceiveCount: 2,
        unknownTypeGraceSeconds: 0,
        retryLaterForSeconds: 0,
        backoff: { initialSeconds: 0 },
      },
      configure: app => app.useGlobalPipes(new ValidationPipe()),
    });
    const events = here.events({ aws: access() });
    for (const n of [0, 1, 2, 3]) await events.emit('user.registered', data(n));
    await events.emit('user.registered', { ...data(4), email: 'none' });
    const body = JSON.stringify({ specversion: '1.0', id: '1', source: 's', type: 'unknown', data: data(5) });
    const bad = [
      body,
      body.slice(0, -1),
      body.replace(`"${SECRET}"`, `"${SECRET}"x`),
      `{"p":${SECRET}}`,
      SECRET,
      JSON.stringify({ Type: 'Notification', TopicArn: 'arn', Message: `{"p":"${SECRET}"` }),
    ];
    for (const each of bad) await here.queue(QUEUE).send(each);
    const { client } = here.commands({ aws: access() });
    await expect(lastValueFrom(client.send('login', data(6)))).rejects.toBeDefined();
    await waitFor('the retries', () => handled >= 6);
    const letters = await here.queue(`${QUEUE}-dlq`).take(bad.length + 4);
    await here.queue(QUEUE).untilEmpty();
    expect(here.logs.all().length).toBeGreaterThan(letters.length);
    nothingSecretIn(here.logs.all());
    nothingSecretIn(letters.map(({ attributes }) => attributes['deadletter.reason'] ?? ''));
  });

  it('are in no error of a publish that fails', async () => {
    const cyclic: Record<string, unknown> = { ...data(0) };
    cyclic['self'] = cyclic;
    const away = { ...awsOf(`http://127.0.0.1:${await closedPort()}`), credentials: KEYS };
    const attempts = [
      here.events({ aws: access() }).emit('a', { ...data(0), filler: 'x'.repeat(2_000_000) }),
      here.events({ aws: access() }).emit('a', cyclic),
      here.events({ aws: access() }).emit('', data(0)),
      here.events({ aws: away, publish: { maxAttempts: 1 } }).emit('a', data(0)),
      here.commands({ aws: access() }).emit('a', data(0)),
      here
        .commands({ aws: away, publish: { maxAttempts: 1 } })
        .emit('a', new SnsRecordBuilder(data(0)).setGroupId('g').build()),
    ];
    for (const result of await Promise.allSettled(attempts)) {
      if (result.status === 'fulfilled') throw new Error('a publish that should have failed did not');
      const { message, stack, facts } = result.reason as Error & { facts: unknown };
      nothingSecretIn([message, stack ?? '', JSON.stringify(facts)]);
    }
    nothingSecretIn(here.logs.all());
  });

  it('are in no error of a start or of wrong options', async () => {
    const { aws } = { aws: { ...awsOf(`http://127.0.0.1:${await closedPort()}`), credentials: KEYS, maxAttempts: 1 } };
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(): void {}
    }
    const errors = [
      await here.start([Work], { aws, startTimeoutMs: 500 }).then(
        () => undefined,
        (error: unknown) => error,
      ),
      refusalOf({ service: 'users', aws: { credentials: KEYS }, consumer: { concurrency: SECRET } }),
      refusalOf({ service: 'users', credentials: KEYS }),
    ];
    for (const error of errors) {
      expect(error).toBeInstanceOf(Error);
      const { message, stack, facts } = error as Error & { facts: unknown };
      nothingSecretIn([message, stack ?? '', JSON.stringify(facts)]);
    }
    nothingSecretIn(here.logs.all());
  });
});

function refusalOf(options: object): unknown {
  try {
    return new ServerSQS(options as ConstructorParameters<typeof ServerSQS>[0]);
  } catch (error) {
    return error;
  }
}
