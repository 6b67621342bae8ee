import { SQSClient } from '@aws-sdk/client-sqs';
import { ScriptedServer, type SeenRequest } from '../../test/scripted-server.js';
import type { SqsWire } from '../interfaces/wire.interface.js';
import { accessSqs } from './aws-access.js';

/** Four times as many as the SDK's agent has sockets. */
const POLLS = 200;
const MORE_THAN_SOCKETS = 60;

const entry = { id: '0', receiptHandle: 'handle' };
const done = { successful: [{ id: '0' }], failed: [] };
const isOf = ({ headers }: SeenRequest, operation: string): boolean =>
  headers['x-amz-target'] === `AmazonSQS.${operation}`;

/** Nothing here waits for a time: what would have to wait for another's socket would never be answered. */
describe.each([
  ['the SDK, a client of ours', 'sdk', 'ours'],
  ['the SDK, a client given', 'sdk', 'given'],
  ['lean, a client of ours', 'lean', 'ours'],
  ['lean, a client given', 'lean', 'given'],
] as const)('polls, settles and sends over %s', (_, wire, whose) => {
  let server: ScriptedServer;
  let sqs: SqsWire;
  let queueUrl: string;
  const closers: Array<() => void> = [];
  const underWay: Promise<unknown>[] = [];

  beforeEach(async () => {
    server = await ScriptedServer.start();
    const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
    const aws = { region: 'us-east-1', endpoint: server.url, credentials, md5: false as const, maxAttempts: 1 };
    const given = whose === 'given' ? new SQSClient(aws) : undefined;
    const access = accessSqs({ wire, ...(given ? { sqs: given } : { aws }) });
    closers.push(() => access.destroy());
    if (given) closers.push(() => given.destroy());
    sqs = access.wire;
    queueUrl = `${server.url}/000000000000/q`;
  });

  afterEach(async () => {
    server.release({ body: '{}' });
    await Promise.all(underWay.splice(0));
    for (const close of closers.splice(0)) close();
    await server.stop();
  });

  const start = (count: number, call: () => Promise<unknown>): void => {
    for (let n = 0; n < count; n += 1) underWay.push(call().catch(() => undefined));
  };
  const poll = () => sqs.receive({ queueUrl, maxMessages: 10, waitTimeSeconds: 20, visibilityTimeoutSeconds: 30 });
  const remove = () => sqs.deleteBatch(queueUrl, [entry]);
  const send = () => sqs.sendBatch(queueUrl, [{ id: '0', body: 'b', attributes: {} }]);
  const holding = (operation: string): void =>
    server.script(request =>
      isOf(request, operation) ? 'hold' : { body: '{"Successful":[{"Id":"0","MessageId":"m"}],"Failed":[]}' },
    );

  it(`a delete, a change and a send are answered while ${POLLS} long polls are held`, async () => {
    holding('ReceiveMessage');
    start(POLLS, poll);
    await server.untilHeld(POLLS);
    const answers = [
      await remove(),
      await sqs.changeVisibilityBatch(queueUrl, [{ ...entry, visibilityTimeoutSeconds: 0 }]),
      await send(),
    ];
    expect(answers.map(({ failed }) => failed)).toEqual([[], [], []]);
    expect(server.held.size).toBe(POLLS);
  });

  it('a send and a poll are answered while more deletes are held than there are sockets', async () => {
    holding('DeleteMessageBatch');
    start(MORE_THAN_SOCKETS, remove);
    await server.untilHeld(50);
    expect(await send()).toMatchObject({ failed: [] });
    expect(await poll()).toEqual([]);
  });

  it('a delete and a poll are answered while more sends are held than there are sockets', async () => {
    holding('SendMessageBatch');
    start(MORE_THAN_SOCKETS, send);
    await server.untilHeld(50);
    expect(await remove()).toMatchObject(done);
    expect(await poll()).toEqual([]);
  });
});
