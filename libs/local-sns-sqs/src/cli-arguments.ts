import { parseArgs } from 'node:util';
import type { LocalBrokerOptions } from './local-broker.js';

export const USAGE = `Usage: local-sns-sqs [options]

SNS and SQS for development and tests. Ctrl-C stops it.

  --port 4566              the port; 0 takes a free one
  --host 127.0.0.1         the address to listen on; 0.0.0.0 for a container
  --hostname name[:port]   the name under which others reach the broker: queue URLs begin with it
  --region us-east-1       the region in ARNs
  --account 000000000000   the account in ARNs and queue URLs
  --init file.json         the queues and topics to create at the start
  --persist file           a file that keeps the state across restarts, kill -9 included
  --cors origin            an origin whose web pages may call, or *; may be repeated
  -h, --help               this text

The file of --init, in any order:
{ "queues": [{ "name": "q", "attributes": { "RedrivePolicy": { "deadLetterTargetArn": "dead", "maxReceiveCount": 3 } } },
             { "name": "dead" }],
  "topics": [{ "name": "t", "subscriptions": [{ "queue": "q", "attributes": {} }] }] }`;

const DEFAULT_PORT = '4566';

export interface Arguments extends LocalBrokerOptions {
  port: number;
  init?: string;
}

function parse(given: string[]) {
  return parseArgs({
    args: given,
    options: {
      port: { type: 'string', default: DEFAULT_PORT },
      host: { type: 'string' },
      hostname: { type: 'string' },
      region: { type: 'string' },
      account: { type: 'string' },
      init: { type: 'string' },
      persist: { type: 'string' },
      cors: { type: 'string', multiple: true },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

const filled = (values: Record<string, unknown>): object =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** Reads the command line. Throws an Error that says what is wrong, with the usage behind it. */
export function readArguments(given: string[]): Arguments | 'help' {
  try {
    const { help, account, ...values } = parse(given);
    if (help) return 'help';
    const port = Number(values.port);
    if (values.port === '' || !Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new Error(`--port takes 0 to 65535, not ${values.port}`);
    }
    if (account !== undefined && !/^\d{12}$/.test(account)) throw new Error('--account takes twelve digits');
    if (values.hostname !== undefined && !/^[\w.-]+(:\d{1,5})?$/.test(values.hostname)) {
      throw new Error(`--hostname takes a name, with a port or without, not ${values.hostname}`);
    }
    return { ...filled({ ...values, accountId: account }), port };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`, { cause: error });
  }
}
