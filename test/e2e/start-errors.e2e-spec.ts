import { Controller } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { OnDomainEvent, ServerSQS, SnsSqsError, type ServerSQSOptions, type SqsServerStatus } from 'nestjs-sns-sqs';
import { closedPort } from '../support/cuttable-proxy.js';
import { awsOf } from '../support/endpoint.js';
import { awsError, spiedClients } from '../support/spied-clients.js';
import { world } from '../support/world.js';

const START_BOUND_MS = 10_000;

@Controller()
class Notifications {
  @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
  registered(): void {}
}

describe('a start that cannot work', () => {
  const here = world();

  /** What `listen()` rejects with, and how long it took. */
  async function failureOf(options: Partial<ServerSQSOptions>): Promise<SnsSqsError> {
    const startedAt = Date.now();
    const failure = await here.start([Notifications], options).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(SnsSqsError);
    expect(Date.now() - startedAt).toBeLessThan(START_BOUND_MS);
    return failure as SnsSqsError;
  }

  it('fails with one clear error in bounded time when the endpoint is unreachable', async () => {
    const aws = awsOf(`http://127.0.0.1:${await closedPort()}`);
    const error = await failureOf({ aws, startTimeoutMs: 500 });
    expect(error.code).toBe('ENDPOINT_UNREACHABLE');
    expect(error.message).toMatch(/ECONNREFUSED.*Remedy: check `aws\.endpoint`/);
    expect(error.cause).toBeDefined();
  });

  it("fails when a queue is missing and provisioning is 'off'", async () => {
    const error = await failureOf({ provisioning: 'off' });
    expect(error.code).toBe('QUEUE_NOT_FOUND');
    expect(error.message).toContain(`${here.prefix}send-email-on-user-registered`);
    expect(error.message).toContain('Remedy');
  });

  it.each([
    ['GetQueueUrl', 'AccessDenied', 403, 'ACCESS_DENIED'],
    ['CreateQueue', 'AccessDeniedException', 403, 'ACCESS_DENIED'],
    ['ReceiveMessage', 'AccessDenied', 403, 'ACCESS_DENIED'],
    ['ReceiveMessage', 'UnrecognizedClientException', 403, 'CREDENTIALS_MISSING'],
    ['CreateTopic', 'AuthorizationError', 403, 'ACCESS_DENIED'],
    ['Subscribe', 'AuthorizationError', 403, 'ACCESS_DENIED'],
  ])('fails when %s answers %s', async (operation, name, status, code) => {
    const { sqs, sns, calls } = spiedClients(here.aws, call =>
      call.operation === operation ? awsError(name, `no ${operation} for you`, status) : undefined,
    );
    here.onClose(() => {
      sqs.destroy();
      sns.destroy();
    });
    if (operation === 'GetQueueUrl') {
      // Whether create looks a queue up first is its own affair; 'off' certainly does.
      expect((await failureOf({ sqs, sns, provisioning: 'off' })).code).toBe(code);
      return;
    }
    const error = await failureOf({ sqs, sns });
    expect(error.code).toBe(code);
    expect(error.message).toContain(`no ${operation} for you`);
    expect(error.message).toContain('Remedy');
    expect(calls.length).toBeLessThan(40);
  });

  it('fails when no credentials are to be found', async () => {
    const credentials = () => Promise.reject(awsError('CredentialsProviderError', 'Could not load credentials', 0));
    const error = await failureOf({ aws: { region: 'us-east-1', endpoint: here.url, credentials } });
    expect(error.code).toBe('CREDENTIALS_MISSING');
    expect(error.message).toContain('Remedy');
  });

  it('refuses bad options at construction, all problems in one error, unknown keys too', () => {
    const options = {
      service: 'no spaces allowed',
      prefix: 'a/b',
      provisioning: 'sometimes',
      shutdownTimeoutMs: -1,
      consumer: { concurrency: 0, waitTimeSeconds: 21, backoff: { factr: 2 } },
      queues: { q: { maxReceiveCount: 1.5 } },
      visibilityTimeout: 30,
    } as unknown as ServerSQSOptions;
    let error: unknown;
    try {
      new ServerSQS(options);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ name: 'SnsSqsError', code: 'INVALID_OPTIONS', retryable: false });
    const paths = ['service', 'prefix', 'provisioning', 'shutdownTimeoutMs', 'concurrency', 'waitTimeSeconds', 'factr'];
    for (const path of [...paths, 'maxReceiveCount', 'visibilityTimeout']) {
      expect((error as Error).message).toContain(path);
    }
  });

  it('refuses settings for a queue that no handler consumes', async () => {
    const error = await failureOf({ queues: { 'send-mail-on-user-registered': { concurrency: 1 } } });
    expect(error.code).toBe('INVALID_OPTIONS');
    expect(error.message).toMatch(/send-mail-on-user-registered.*send-email-on-user-registered/);
  });

  it('ends in closed, and close() after it is harmless', async () => {
    const server = new ServerSQS(here.serverOptions({ provisioning: 'off' }));
    const statuses: SqsServerStatus[] = [];
    server.status.subscribe(status => statuses.push(status));
    const module = await Test.createTestingModule({ controllers: [Notifications] })
      .setLogger(here.logs)
      .compile();
    const app = module.createNestMicroservice({ strategy: server });
    await expect(app.listen()).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' });
    expect(statuses).toEqual(['idle', 'provisioning', 'closed']);
    await server.close();
    await app.close();
    expect(statuses.at(-1)).toBe('closed');
  });

  it('does not begin again after close()', async () => {
    const { app, server } = await here.start([Notifications]);
    await app.close();
    const again = await new Promise(resolve => server.listen(resolve));
    // listen() answers every call with the one start; a server that never started refuses after close().
    expect(again).toBeUndefined();
    const closed = new ServerSQS(here.serverOptions());
    await closed.close();
    const error = await new Promise(resolve => closed.listen(resolve));
    expect(error).toMatchObject({ code: 'SERVER_CLOSED' });
  });
});
