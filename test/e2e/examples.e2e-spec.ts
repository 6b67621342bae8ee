import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { TestHarness } from 'nestjs-sns-sqs/testing';
import { describeWithPostgres, TestDatabase } from '../support/postgres.js';
import { describeWithRedis, RedisServer } from '../support/redis-server.js';

const FOLDER = join(import.meta.dirname, '../../examples');
const EXAMPLES = {
  event: () => import('../../examples/event.js'),
  command: () => import('../../examples/command.js'),
  request: () => import('../../examples/request.js'),
  contract: () => import('../../examples/contract.js'),
  outcomes: () => import('../../examples/outcomes.js'),
  redis: () => import('../../examples/redis.js'),
  'exactly-once': () => import('../../examples/exactly-once.js'),
  'existing-app': () => import('../../examples/existing-app.js'),
};
const VARIABLES = [
  'AWS_ENDPOINT_URL',
  'AWS_REGION',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'DATABASE_URL',
  'REDIS_URL',
  'PORT',
];

/** The first one loads Nest. */
jest.setTimeout(90_000);

let harness: TestHarness;
let lines: string[];
let app: INestApplication | undefined;
const given = Object.fromEntries(VARIABLES.map(name => [name, process.env[name]]));

beforeEach(async () => {
  harness = await TestHarness.start();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: harness.broker.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    PORT: '0',
  });
  lines = [];
  jest.spyOn(console, 'log').mockImplementation((line: unknown) => void lines.push(String(line)));
});

afterEach(async () => {
  await app?.close();
  app = undefined;
  await harness.stop();
  jest.restoreAllMocks();
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

/** Each as a reader runs it: configured by the environment, to the end of what it emits. */
async function run(name: keyof typeof EXAMPLES): Promise<void> {
  const { main } = await EXAMPLES[name]();
  app = await main();
  await harness.quiet();
}

describe('examples/', () => {
  it('are in a map, each with what it shows', () => {
    const map = readFileSync(join(FOLDER, 'README.md'), 'utf8');
    const files = readdirSync(FOLDER).filter(name => name.endsWith('.ts'));
    expect(files.filter(name => !map.includes(`| [${name}](${name}) |`))).toEqual([]);
  });

  it('event.ts publishes an event and reacts to it', async () => {
    await run('event');
    expect(lines).toEqual(['mail to ada@example.com, attempt 1']);
  });

  it('command.ts books in order', async () => {
    await run('command');
    expect(lines).toEqual(['a1: 100', 'a1: -30', 'a1: 5']);
  });

  it('request.ts gets an answer', async () => {
    await run('request');
    expect(lines).toEqual(['the sum is 6']);
  });

  it('contract.ts refuses what does not fit', async () => {
    await run('contract');
    expect(lines.toSorted()).toEqual(['invoice for o1: 20', 'refused: CONTRACT_VIOLATION']);
  });

  it('outcomes.ts shows what a handler can decide', async () => {
    await run('outcomes');
    expect(lines.toSorted()).toEqual([
      'charged busy in attempt 2',
      'charged flaky in attempt 2',
      'charged valid in attempt 1',
    ]);
    expect(harness.deadLettered).toMatchObject([{ reason: 'order unknown has an unknown card' }]);
  });

  it('existing-app.ts takes HTTP and messages', async () => {
    await run('existing-app');
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${await app?.getUrl()}/orders`, { method: 'POST', headers, body: '{"item":"tea"}' });
    expect(answer.status).toBe(202);
    await harness.quiet();
    expect(lines).toEqual(['packed tea']);
  });
});

describeWithRedis('examples/redis.ts', () => {
  it('handles an event once that is published twice', async () => {
    const redis = await RedisServer.start();
    try {
      process.env['REDIS_URL'] = `redis://127.0.0.1:${redis.port}`;
      await run('redis');
      expect(lines.toSorted()).toEqual(['mail to ada@example.com', 'mail to bob@example.com']);
    } finally {
      await app?.close();
      app = undefined;
      await redis.stop();
    }
  });
});

describeWithPostgres('examples/exactly-once.ts', () => {
  it('has one effect of an event that rolls back once and is published twice', async () => {
    const database = await TestDatabase.create();
    try {
      process.env['DATABASE_URL'] = database.url;
      await run('exactly-once');
      expect(lines).toEqual(['a1 has 30']);
    } finally {
      await app?.close();
      app = undefined;
      await database.drop();
    }
  }, 120_000);
});
