import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { DeadLetter, OnDomainEvent, SqsContext } from 'nestjs-sns-sqs';
import { runCli } from '../../libs/nestjs-sns-sqs/src/cli/run-cli.js';
import { testIo } from '../../libs/nestjs-sns-sqs/test/cli-io.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'send-email-on-user-registered';
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

interface User {
  id: string;
  email?: string;
}

/** Handles users with an address, once it is mended. */
class Mailbox {
  isMended = false;
  readonly handled: Array<{ user: User; causationId: string | undefined }> = [];
}

function controllerOf(mailbox: Mailbox) {
  @Controller()
  class SendEmail {
    @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
    handle(@Payload() user: User, @Ctx() context: SqsContext): void {
      if (!mailbox.isMended) throw new DeadLetter(`no template for ${user.id}`);
      mailbox.handled.push({ user, causationId: context.getMetadata().causationId });
    }
  }
  return SendEmail;
}

describe('dlq', () => {
  const here = world();
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dlq-'));
    Object.assign(process.env, CREDENTIALS);
  });
  afterAll(async () => {
    for (const name of Object.keys(CREDENTIALS)) delete process.env[name];
    await rm(folder, { recursive: true });
  });

  /** @param answers of a person at a terminal; none: there is no terminal */
  async function dlq(words: string[], ...answers: string[]) {
    const io = testIo({ isInteractive: answers.length > 0, isTerminal: answers.length > 0, cwd: folder }, answers);
    const code = await runCli(['dlq', ...words, '--endpoint', here.url, '--region', 'us-east-1'], io);
    return { code, out: io.out(), err: io.err(), json: () => JSON.parse(io.out()) as never };
  }

  async function lettersOf(mailbox: Mailbox, count: number): Promise<string> {
    await here.start([controllerOf(mailbox)]);
    const events = here.events();
    for (let at = 0; at < count; at += 1) await events.emit('user.registered', { id: `u${at}` });
    const dead = here.queue(`${QUEUE}-dlq`);
    await waitFor('the letters', async () => (await dead.size()) === count);
    return dead.name;
  }

  it('lists, groups, shows, and sends back what a person agrees to', async () => {
    const mailbox = new Mailbox();
    const queue = await lettersOf(mailbox, 3);

    const ls = await dlq(['ls', '--prefix', here.prefix, '--json']);
    expect(ls.json()).toEqual([
      expect.objectContaining({ name: queue, messages: 3, sources: [`${here.prefix}${QUEUE}`] }),
    ]);
    const groups = await dlq(['groups', queue]);
    expect(groups.out).toMatch(
      /GROUP +LETTERS +TYPE[^]*3 +user\.registered +DeadLetter +no template for u<n> +SendEmail\.handle/,
    );
    const shown = await dlq(['show', queue, '--json']);
    const { letters } = shown.json() as { letters: Array<{ id: string; reason: string }> };
    expect(letters.map(({ reason }) => reason).toSorted()).toEqual([
      'no template for u0',
      'no template for u1',
      'no template for u2',
    ]);
    const one = await dlq(['show', queue, '--id', letters[0]?.id ?? '']);
    expect(one.out).toMatch(/^reason +no template for u\d$/m);

    // Nobody can be asked, nothing is named, somebody says no: nothing happens.
    expect(await dlq(['redrive', queue, '--all'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('--yes') as string,
    });
    expect(await dlq(['redrive', queue, '--yes'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('--all') as string,
    });
    expect(await dlq(['redrive', queue, '--all'], 'n')).toMatchObject({ code: 1, out: '' });
    const dry = await dlq(['redrive', queue, '--all', '--dry-run', '--json']);
    expect(dry.json()).toMatchObject({ dryRun: true, selected: 3, targets: { [`${here.prefix}${QUEUE}`]: 3 } });
    expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(3);

    mailbox.isMended = true;
    const redriven = await dlq(['redrive', queue, '--all', '--rate', '100'], 'y');
    expect(redriven).toMatchObject({ code: 0, out: expect.stringContaining('Sent 3 letters') as string });
    expect(redriven.err).toMatch(/Would send 3 letters[^]*Send 3 letters of .*\? \[y\/N\]/);
    await waitFor('the handler', () => mailbox.handled.length === 3);
    expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(0);
  });

  it('edits, exports and discards', async () => {
    const mailbox = new Mailbox();
    const queue = await lettersOf(mailbox, 3);
    mailbox.isMended = true;
    const { letters } = (await dlq(['show', queue, '--json'])).json() as {
      letters: Array<{ id: string; body: string }>;
    };
    const [first, second] = letters;
    expect(await dlq(['edit', queue, first?.id ?? '', '--data', '{half', '--yes'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not JSON') as string,
    });
    await writeFile(join(folder, 'user.json'), '{"id":"u9","email":"ada@example.com"}');
    const dry = await dlq(['edit', queue, first?.id ?? '', '--data-file', 'user.json', '--dry-run']);
    expect(dry).toMatchObject({ code: 0, out: expect.stringContaining('    "email": "ada@example.com"') as string });
    const edited = await dlq(['edit', queue, first?.id ?? '', '--data-file', 'user.json', '--yes', '--json']);
    expect(edited.json()).toMatchObject({ isDeleted: true, queue: `${here.prefix}${QUEUE}` });
    await waitFor('the copy', () => mailbox.handled.length === 1);
    const { id } = JSON.parse(first?.body ?? '') as { id: string };
    expect(mailbox.handled).toEqual([{ user: { id: 'u9', email: 'ada@example.com' }, causationId: id }]);

    expect(await dlq(['export', queue, 'letters.jsonl', '--all'])).toMatchObject({ code: 0 });
    expect((await readFile(join(folder, 'letters.jsonl'), 'utf8')).trim().split('\n')).toHaveLength(2);
    expect(await dlq(['discard', queue, '--id', second?.id ?? '', '--yes', '--save', 'gone.jsonl'])).toMatchObject({
      code: 0,
      out: 'Deleted 1 letter.\n',
    });
    expect(await readFile(join(folder, 'gone.jsonl'), 'utf8')).toContain(second?.id);
    expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(1);
  });

  it('says what is wrong with a queue or an option', async () => {
    expect(await dlq(['groups', 'none'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('QUEUE_NOT_FOUND') as string,
    });
    expect(await dlq(['show', 'q', '--since', 'yesterday'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('30m') as string,
    });
    expect(await dlq(['redrive', 'q', '--all', '--rate', '0'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('from 0.1 on') as string,
    });
    expect(await dlq(['groups'])).toMatchObject({
      code: 1,
      err: expect.stringContaining("missing required argument 'queue'") as string,
    });
  });
});
