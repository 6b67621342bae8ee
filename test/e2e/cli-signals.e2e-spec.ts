import { CreateQueueCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { CompiledCli } from '../support/compiled-cli.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const LETTERS = 40;

describe('a command that is ended by a signal', () => {
  const here = world();
  let cli: CompiledCli;
  beforeAll(async () => {
    cli = await CompiledCli.compile();
  });
  afterAll(() => cli.remove());

  const env = (): Record<string, string> => ({
    AWS_ENDPOINT_URL: here.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });

  async function letters(suffix = ''): Promise<{ source: string; dead: string }> {
    const [source, dead] = [`orders${suffix}`, `orders-dlq${suffix}`];
    const Attributes = suffix === '' ? {} : { FifoQueue: 'true' };
    const { sqs } = here.clients;
    await sqs.send(new CreateQueueCommand({ QueueName: `${here.prefix}${source}`, Attributes }));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `${here.prefix}${dead}`, Attributes }));
    for (let at = 0; at < LETTERS; at += 10) {
      const Entries = Array.from({ length: 10 }, (_, n) => {
        const id = String(at + n);
        const group = suffix === '' ? {} : { MessageGroupId: id, MessageDeduplicationId: id };
        return { Id: id, MessageBody: `letter ${id}`, ...group };
      });
      await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    }
    return { source, dead };
  }

  it.each([
    ['SIGINT', ''],
    ['SIGTERM', ''],
    ['SIGINT', '.fifo'],
  ] as const)('redrive, %s: gives back what it holds, and tells what it has sent%s', async (signal, suffix) => {
    const { source, dead } = await letters(suffix);
    const words = ['dlq', 'redrive', `${here.prefix}${dead}`, '--all', '--yes', '--rate', '3', '--json'];
    const { child, ended } = cli.start(words, env());
    await waitFor('the first letters', async () => (await here.queue(source).size()) > 0);
    child.kill(signal);
    const end = await ended;
    const report = JSON.parse(end.stdout) as { sent: number; left: number; stopped: string };
    expect(end).toMatchObject({ code: 2, signal: null });
    expect(report.stopped).toBe('aborted');
    expect(await here.queue(source).size()).toBe(report.sent);
    // At once: nothing is hidden for minutes.
    const { ApproximateNumberOfMessages: visible, ApproximateNumberOfMessagesNotVisible: hidden } = await here
      .queue(dead)
      .attributes();
    expect({ visible, hidden }).toEqual({ visible: String(LETTERS - report.sent), hidden: '0' });
  });

  it('redrive goes on where nobody reads its messages any more', async () => {
    const { source, dead } = await letters();
    await cli.write(
      'talks.cjs',
      `require('reflect-metadata');
      const { Module } = require('@nestjs/common');
      const { SnsSqsModule } = require('nestjs-sns-sqs');
      class AppModule {}
      Module({ imports: [SnsSqsModule.forRoot({ service: 'talks' })] })(AppModule);
      setInterval(() => console.error('an app that talks'), 10);
      exports.AppModule = AppModule;`,
    );
    const app = ['--app', 'talks.cjs#AppModule'];
    const words = ['dlq', 'redrive', `${here.prefix}${dead}`, '--all', '--yes', '--rate', '100', ...app];
    const { child, ended } = cli.start(words, env());
    child.stderr?.destroy();
    expect(await ended).toMatchObject({ code: 0, stdout: expect.stringContaining('Sent 40 letters') as string });
    expect(await here.queue(source).size()).toBe(LETTERS);
  });
});
