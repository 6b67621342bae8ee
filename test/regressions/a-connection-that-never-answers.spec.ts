import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { PublishCommand } from '@aws-sdk/client-sns';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { createSnsClient, createSqsClient } from '../../libs/nestjs-sns-sqs/src/wire/aws-clients.js';
import { SILENCE_MS as BOUNDS } from '../../libs/nestjs-sns-sqs/src/wire/http-bounds.js';
import { withOwnSockets } from '../../libs/nestjs-sns-sqs/src/wire/own-sockets.js';
import { handlersOf } from '../../libs/nestjs-sns-sqs/src/wire/request-handlers.js';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import { awsOf, type AwsConfig } from '../support/endpoint.js';

const SILENCE_MS = 200;
/** As the server polls. */
const createPollingClient = (aws: AwsConfig, longPoll = BOUNDS.longPoll) =>
  withOwnSockets(createSqsClient(aws), handlersOf(undefined), { ...BOUNDS, longPoll }).polling;

describe('a connection that is half-open (nobody answers, nobody closes it)', () => {
  const sockets: Socket[] = [];
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = createServer(socket => {
      sockets.push(socket);
      socket.on('error', () => undefined).resume();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => server.close(resolve));
  });

  const receive = new ReceiveMessageCommand({ QueueUrl: 'http://queue/000000000000/q' });
  const publish = new PublishCommand({ TopicArn: 'arn:aws:sns:us-east-1:000000000000:t', Message: 'm' });
  const aws = () => ({ ...awsOf(url), maxAttempts: 1 });

  it.each([
    ['a receive', () => createPollingClient(aws(), SILENCE_MS).send(receive)],
    ['a call to SQS', () => createSqsClient(aws(), SILENCE_MS).send(receive)],
    ['a call to SNS', () => createSnsClient(aws(), SILENCE_MS).send(publish)],
  ])('ends %s with an error that is tried again', async (_, call) => {
    await expect(call()).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it.each([
    ['receives', createPollingClient, 20_000, 60_000],
    ['calls to SQS', createSqsClient, 1_000, 20_000],
    ['calls to SNS', createSnsClient, 1_000, 20_000],
  ])('is given up by %s after a time that suits them', async (_, create, least, most) => {
    const client = create(aws());
    const handler = client.config.requestHandler as NodeHttpHandler;
    // It reads its configuration with its first request.
    await handler.handle({} as never, {}).catch(() => undefined);
    const { socketTimeout = 0, connectionTimeout = 0 } = handler.httpHandlerConfigs();
    expect(socketTimeout).toBeGreaterThan(least);
    expect(socketTimeout).toBeLessThan(most);
    expect(connectionTimeout).toBeGreaterThan(0);
    client.destroy();
  });
});
