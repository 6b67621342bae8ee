import { SQSClient } from '@aws-sdk/client-sqs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SignedCalls } from './signed-calls.js';

interface Asked {
  headers: IncomingHttpHeaders;
  body: string;
}

describe('calls to services without a client', () => {
  const asked: Asked[] = [];
  let answers: Array<[status: number, body: string]>;
  let server: Server;
  let client: SQSClient;
  beforeAll(async () => {
    server = createServer((request, response) => {
      void text(request).then(body => {
        asked.push({ headers: request.headers, body });
        const [status, answer] = answers.shift() ?? [500, ''];
        response.writeHead(status).end(answer);
      });
    });
    await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve));
    client = new SQSClient({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    });
  });
  beforeEach(() => void (asked.length = 0));
  afterAll(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });

  it('look at a key: its alias is resolved first', async () => {
    answers = [
      [200, JSON.stringify({ KeyMetadata: { Arn: 'arn:aws:kms:eu-west-1:1:key/k', Enabled: false } })],
      [200, JSON.stringify({ Policy: '{}' })],
    ];
    expect(await new SignedCalls(client.config).look('alias/messages')).toEqual({ isEnabled: false, policy: '{}' });
    expect(asked.map(({ headers, body }) => [headers['x-amz-target'], JSON.parse(body)])).toEqual([
      ['TrentService.DescribeKey', { KeyId: 'alias/messages' }],
      ['TrentService.GetKeyPolicy', { KeyId: 'arn:aws:kms:eu-west-1:1:key/k', PolicyName: 'default' }],
    ]);
    expect(asked[0]?.headers.authorization).toMatch(/Credential=key\/\d{8}\/eu-west-1\/kms\/aws4_request/);
  });

  it('ask IAM and STS in the words of the Query protocol', async () => {
    answers = [[200, '<Arn>a</Arn>']];
    expect(await new SignedCalls(client.config).query('sts', 'GetCallerIdentity', { A: 'b c' })).toBe('<Arn>a</Arn>');
    expect(asked[0]?.body).toBe('Action=GetCallerIdentity&Version=2011-06-15&A=b+c');
    expect(asked[0]?.headers.authorization).toContain('/eu-west-1/sts/aws4_request');
  });

  it.each([
    [
      400,
      '{"__type":"com.amazonaws.kms#AccessDeniedException","Message":"not you"}',
      'AccessDeniedException',
      'not you',
    ],
    [
      403,
      '<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>',
      'AccessDenied',
      'no',
    ],
    [502, 'bad gateway', 'Http502', 'bad gateway'],
  ])('reject as a client of the SDK does: %s %s', async (status, body, name, message) => {
    answers = [[status, body]];
    await expect(new SignedCalls(client.config).look('k')).rejects.toMatchObject({
      name,
      message,
      $metadata: { httpStatusCode: status },
    });
  });
});
