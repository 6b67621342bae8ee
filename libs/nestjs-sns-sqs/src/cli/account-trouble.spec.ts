import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testIo } from '../../test/cli-io.js';
import { documentWith } from '../../test/document-with.js';
import { runCli } from './run-cli.js';

/** SQS, which answers each call with this error. */
function troubledAccount(status: number, error: string): Server {
  return createServer((request, response) => {
    request.resume();
    response.writeHead(status, {
      'content-type': 'application/x-amz-json-1.0',
      'x-amzn-query-error': `${error};Sender`,
    });
    response.end(JSON.stringify({ __type: `com.amazonaws.sqs#${error}`, message: 'not for you' }));
  });
}

describe('an account that does not let the command do its work', () => {
  let folder: string;
  let file: string;
  let server: Server;
  const before = { ...process.env };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'account-'));
    file = join(folder, 'topology.json');
    writeFileSync(file, JSON.stringify(documentWith({})));
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  });
  beforeEach(async () => {
    server = troubledAccount(403, 'AccessDeniedException');
    await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  afterAll(() => {
    process.env = before;
    rmSync(folder, { recursive: true });
  });

  const run = async (...argv: string[]) => {
    const io = testIo();
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const code = await runCli([...argv, '--from', file, '--endpoint', endpoint, '--region', 'eu-west-1'], io);
    return { code, out: io.out(), err: io.err() };
  };

  it.each([['plan'], ['diff'], ['prune', '--dry-run']])(
    'topology %s says which call is denied, on what, and exits with 1',
    async (...argv) => {
      const { code, out, err } = await run('topology', ...argv);
      expect([code, out]).toEqual([1, '']);
      expect(err).toMatch(/^error: .*GetQueueUrl.* mail.*ACCESS_DENIED/m);
    },
  );

  it('doctor tells it as a finding, with the rest, and exits with 2', async () => {
    const { code, out } = await run('doctor', '--json');
    expect(code).toBe(2);
    const rules = (JSON.parse(out) as Array<{ rule: string }>).map(({ rule }) => rule);
    expect(new Set(rules)).toEqual(new Set(['permission-missing']));
  });

  it('doctor --offline does not ask it', async () => {
    expect(await run('doctor', '--offline')).toEqual({ code: 0, out: 'Nothing was found.\n', err: '' });
  });

  it('export without --import does not ask it', async () => {
    const { code, out } = await run('topology', 'export', '--format', 'terraform');
    expect(code).toBe(0);
    expect(out).toContain('resource "aws_sqs_queue" "mail_queue"');
    expect((await run('topology', 'export', '--format', 'terraform', '--import')).code).toBe(1);
  });
});
