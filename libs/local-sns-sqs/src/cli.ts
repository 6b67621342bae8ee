#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { applyInit, readInit } from './init.js';
import { startLocalBroker } from './local-broker.js';

const USAGE = `Usage: local-sns-sqs [--port 4566] [--region us-east-1] [--account 000000000000] [--init file.json]

SNS and SQS on 127.0.0.1, in memory. Ctrl-C stops it. The file of --init names what is there from the beginning:
{ "queues": [{ "name": "q", "attributes": {} }],
  "topics": [{ "name": "t", "subscriptions": [{ "queue": "q", "attributes": {} }] }] }`;

const DEFAULT_PORT = '4566';

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

function readArguments(): { port: number; region?: string; accountId?: string; init?: string } {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: DEFAULT_PORT },
        region: { type: 'string' },
        account: { type: 'string' },
        init: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) fail(`--port takes 0 to 65535, not ${values.port}`);
    if (values.account !== undefined && !/^\d{12}$/.test(values.account)) fail('--account takes twelve digits');
    return {
      port,
      ...(values.region !== undefined && { region: values.region }),
      ...(values.account !== undefined && { accountId: values.account }),
      ...(values.init !== undefined && { init: values.init }),
    };
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

async function main(): Promise<void> {
  const { init, ...options } = readArguments();
  const wanted = init === undefined ? undefined : readInit(init);
  const broker = await startLocalBroker(options);
  if (wanted) await applyInit(broker.endpoint, wanted);
  console.log(`SNS and SQS at ${broker.endpoint}\n\n  export AWS_ENDPOINT_URL=${broker.endpoint}\n`);
  const stop = (): void => {
    void broker.stop().then(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

main().catch((error: NodeJS.ErrnoException) => {
  const taken = error.code === 'EADDRINUSE' ? ': the port is taken, give another by --port' : '';
  fail(`local-sns-sqs could not start${taken} (${error.message})`);
});
