import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreDriver } from '../../test/core-driver.js';
import { VirtualClock } from '../core/virtual-clock.js';
import { startLocalBroker, type BrokerSnapshot, type LocalBroker } from '../local-broker.js';
import { readJournal } from './journal-file.js';
import { Persistence } from './persistence.js';

let folder: string;
let persist: string;
const brokers: LocalBroker[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'persist-'));
  persist = join(folder, 'state');
});
afterEach(async () => {
  await Promise.all(brokers.splice(0).map(broker => broker.stop()));
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true });
});

const start = async (options: Parameters<typeof startLocalBroker>[0] = {}): Promise<LocalBroker> => {
  const broker = await startLocalBroker(options);
  brokers.push(broker);
  return broker;
};

async function sqs(broker: LocalBroker, action: string, input: object): Promise<Record<string, unknown>> {
  const headers = { 'x-amz-target': `AmazonSQS.${action}` };
  const response = await fetch(broker.endpoint, { method: 'POST', headers, body: JSON.stringify(input) });
  return (await response.json()) as Record<string, unknown>;
}

const create = async (broker: LocalBroker, QueueName = 'q'): Promise<string> =>
  String((await sqs(broker, 'CreateQueue', { QueueName }))['QueueUrl']);

describe('a broker with --persist', () => {
  it('has before each answer written what the call has changed, so that a kill takes nothing away', async () => {
    const broker = await start({ persist });
    const QueueUrl = await create(broker);
    expect([...readJournal(persist).keys()]).toContain('queue:q');
    await sqs(broker, 'SendMessage', { QueueUrl, MessageBody: 'hello' });
    expect(readJournal(persist).get('content:q:1')).toMatchObject({ body: 'hello' });
    await sqs(broker, 'ReceiveMessage', { QueueUrl });
    expect(readJournal(persist).get('message:q:1')).toMatchObject({ state: 'inFlight', receiveCount: 1 });
  });

  it('has written what a long poll was given', async () => {
    const broker = await start({ persist });
    const QueueUrl = await create(broker);
    const poll = sqs(broker, 'ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 });
    await sqs(broker, 'SendMessage', { QueueUrl, MessageBody: 'hello' });
    await poll;
    expect(readJournal(persist).get('message:q:1')).toMatchObject({ state: 'inFlight' });
  });

  it('goes on where the last one was', async () => {
    const first = await start({ persist });
    const QueueUrl = await create(first);
    await sqs(first, 'SendMessage', { QueueUrl, MessageBody: '1' });
    await sqs(first, 'SendMessage', { QueueUrl, MessageBody: '2' });
    const { Messages = [] } = (await sqs(first, 'ReceiveMessage', { QueueUrl })) as {
      Messages?: Array<{ ReceiptHandle: string }>;
    };
    await first.stop();

    const second = await start({ persist });
    expect(second.inspect.queue('q')).toMatchObject({ visible: 1, inFlight: 1 });
    await sqs(second, 'DeleteMessage', { QueueUrl, ReceiptHandle: Messages[0]?.ReceiptHandle });
    expect(second.inspect.queue('q')).toMatchObject({ visible: 1, inFlight: 0 });
  });

  it('has nothing after a reset', async () => {
    const broker = await start({ persist });
    await create(broker);
    broker.reset();
    expect([...readJournal(persist).keys()].filter(key => key.startsWith('queue:'))).toEqual([]);
    await create(broker, 'other');
    await broker.stop();
    expect((await start({ persist })).inspect.queues().map(({ name }) => name)).toEqual(['other']);
  });

  it('does not start with a file that it cannot read, and leaves the file alone', async () => {
    writeFileSync(persist, 'something else\n');
    await expect(startLocalBroker({ persist })).rejects.toThrow(/not a file of --persist/);
    expect(readFileSync(persist, 'utf8')).toBe('something else\n');
    await expect(startLocalBroker({ persist: join(folder, 'none/state') })).rejects.toThrow(/ENOENT/);
  });

  it('gives the file free when its port is taken', async () => {
    const broker = await start();
    const port = Number(new URL(broker.endpoint).port);
    await expect(startLocalBroker({ persist, port })).rejects.toThrow(/EADDRINUSE/);
    await expect(start({ persist })).resolves.toBeDefined();
  });
});

describe('a write that fails', () => {
  it('fails the call, and the next one that can be written has all', () => {
    const core = new CoreDriver();
    const kept = new Persistence(core.broker, persist);
    core.createQueue('q');
    core.broker.controlChanged = true;
    const { file } = kept as unknown as { file: { append: () => void } };
    const append = file.append.bind(file);
    file.append = () => {
      throw new Error('ENOSPC: no space left on device');
    };
    expect(() => kept.commit()).toThrow(/ENOSPC/);
    file.append = append;
    kept.commit();
    kept.close();
    expect([...readJournal(persist).keys()]).toContain('queue:q');
  });
});

describe('snapshot and restore', () => {
  it('take a broker back, or make another one the same, through JSON', async () => {
    const clock = new VirtualClock();
    const broker = await start({ clock });
    const QueueUrl = await create(broker);
    await sqs(broker, 'SendMessage', { QueueUrl, MessageBody: '1', DelaySeconds: 10 });
    const snapshot = JSON.parse(JSON.stringify(broker.snapshot())) as BrokerSnapshot;
    expect(snapshot).toMatchObject({ version: 1, at: clock.now() });
    await sqs(broker, 'SendMessage', { QueueUrl, MessageBody: '2' });
    broker.restore(snapshot);
    expect(broker.inspect.queue('q')).toMatchObject({ visible: 0, delayed: 1 });

    const otherClock = new VirtualClock(snapshot.at);
    const other = await start({ clock: otherClock });
    other.restore(snapshot);
    otherClock.advance(10_000);
    expect(other.inspect.queue('q')).toMatchObject({ visible: 1, delayed: 0 });
  });

  it('end long polls with nothing, and are written down', async () => {
    const broker = await start({ persist });
    const QueueUrl = await create(broker);
    const snapshot = broker.snapshot();
    const poll = sqs(broker, 'ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 });
    await sqs(broker, 'TagQueue', { QueueUrl, Tags: { a: 'b' } });
    broker.restore(snapshot);
    expect(await poll).toEqual({});
    expect(readJournal(persist).get('queue:q')).toMatchObject({ tags: [] });
  });
});
