/**
 * Kills the broker with SIGKILL under load, again and again: `npm run test:kills`. What it has answered must be there
 * when it is started again with the same file: messages that were sent and not deleted, and none that was deleted.
 * What was on its way at the kill may be there or not.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const CLI = new URL('../../dist/libs/local-sns-sqs/esm/cli.js', import.meta.url).pathname;
const CLIENTS = 6;
const { values } = parseArgs({ options: { kills: { type: 'string', default: '12' } } });

interface Message {
  Body: string;
  ReceiptHandle: string;
}

interface Answer {
  QueueUrl?: string;
  Messages?: Message[];
  Successful?: Array<{ Id: string }>;
}

const folder = mkdtempSync(join(tmpdir(), 'kills-'));
const persist = join(folder, 'state');
/** `sent`: answered. `unsure`: its send or its delete was on its way at a kill. */
const fate = new Map<string, 'sent' | 'deleted' | 'unsure'>();
let endpoint = '';
let number = 0;
let calls = 0;

async function start(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [CLI, '--port', '0', '--persist', persist], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    const found = /AWS_ENDPOINT_URL=(\S+)/.exec(output);
    if (!found?.[1]) continue;
    endpoint = found[1];
    return child;
  }
  throw new Error(`the broker did not start: ${output}`);
}

async function call(action: string, input: object): Promise<Answer> {
  const headers = { 'x-amz-target': `AmazonSQS.${action}` };
  const response = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(input) });
  const answer = (await response.json()) as Answer;
  if (!response.ok) throw new Error(`${action}: ${JSON.stringify(answer)}`);
  calls += 1;
  return answer;
}

async function send(QueueUrl: string, fifo: boolean): Promise<void> {
  const bodies = Array.from({ length: 5 }, () => `m${++number}`);
  for (const body of bodies) fate.set(body, 'unsure');
  const Entries = bodies.map((MessageBody, index) => ({
    Id: String(index),
    MessageBody,
    ...(fifo && { MessageGroupId: `g${number % 3}`, MessageDeduplicationId: MessageBody }),
  }));
  await call('SendMessageBatch', { QueueUrl, Entries });
  for (const body of bodies) fate.set(body, 'sent');
}

async function take(QueueUrl: string): Promise<void> {
  const { Messages = [] } = await call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 });
  for (const { Body, ReceiptHandle } of Messages.slice(0, 3)) {
    if (fate.get(Body) === 'deleted') throw new Error(`${Body} was deleted, and came again`);
    fate.set(Body, 'unsure');
    await call('DeleteMessage', { QueueUrl, ReceiptHandle });
    fate.set(Body, 'deleted');
  }
}

/** Until the broker is gone. A call that fails then has an unknown end. */
async function load(urls: readonly string[], client: number): Promise<void> {
  const url = urls[client % urls.length] ?? '';
  for (;;) {
    try {
      await send(url, url.endsWith('.fifo'));
      await take(url);
    } catch (error) {
      if (error instanceof Error && error.name === 'TypeError') return;
      throw error;
    }
  }
}

async function present(urls: readonly string[]): Promise<Set<string>> {
  const state = (await (await fetch(`${endpoint}/_local/state`)).json()) as { queues: Array<{ name: string }> };
  if (state.queues.length !== urls.length) throw new Error(`${state.queues.length} of ${urls.length} queues are there`);
  const bodies = new Set<string>();
  const { readJournal } = (await import('#broker/persist/journal-file.js')) as {
    readJournal: (path: string) => Map<string, unknown>;
  };
  for (const [key, value] of readJournal(persist)) {
    if (key.startsWith('content:')) bodies.add((value as { body: string }).body);
  }
  return bodies;
}

let broker = await start();
const urls: string[] = [];
for (const [QueueName, Attributes] of [
  ['q', {}],
  ['q.fifo', { FifoQueue: 'true' }],
] as const) {
  urls.push((await call('CreateQueue', { QueueName, Attributes })).QueueUrl ?? '');
}
for (let kill = 1; kill <= Number(values.kills); kill += 1) {
  const before = calls;
  const clients = Array.from({ length: CLIENTS }, (_, client) => load(urls, client));
  while (calls < before + 50 + ((kill * 37) % 200)) await new Promise(resolve => setImmediate(resolve));
  broker.kill('SIGKILL');
  await once(broker, 'exit');
  await Promise.all(clients);
  broker = await start();
  const there = await present(urls);
  for (const [body, end] of fate) {
    if (end === 'sent' && !there.has(body)) throw new Error(`${body} was sent, and is lost after kill ${kill}`);
    if (end === 'deleted' && there.has(body)) throw new Error(`${body} was deleted, and is back after kill ${kill}`);
  }
}
broker.kill('SIGTERM');
await once(broker, 'exit');
rmSync(folder, { recursive: true });
const count = (end: string): number => [...fate.values()].filter(each => each === end).length;
console.log(
  `${values.kills} kills under load, ${calls} answered calls: ${count('sent')} messages kept, ${count('deleted')} deleted, ${count('unsure')} on their way at a kill`,
);
