// npm run bench:import: what the library adds to the start of a Nest service over SQS, in CPU time and memory, beside the
// same service with Nest and the SDK alone. Each variant runs in a process of its own, and all of them in turn.
import { execFileSync } from 'node:child_process';
import { median } from './lib/statistics.mjs';

const ROUNDS = Number(process.argv[2] ?? 9);
const LIBRARY = new URL('../dist/libs/nestjs-sns-sqs/esm/index.js', import.meta.url).href;

const NEST_AND_SDK = `
  await import('reflect-metadata');
  const { NestFactory } = await import('@nestjs/core');
  const { Module } = await import('@nestjs/common');
  await import('@nestjs/microservices');
  const { SQSClient } = await import('@aws-sdk/client-sqs');
  const { SNSClient } = await import('@aws-sdk/client-sns');
  class App {}
  Module({})(App);
  const aws = { region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
  const clients = [new SQSClient(aws), new SNSClient(aws)];
`;
const APP = `
  const app = await NestFactory.createApplicationContext(App, { logger: false });
`;
const SERVICE = `
  const { ServerSQS, ClientSNS } = await import('${LIBRARY}');
  const server = new ServerSQS({ service: 'users', aws });
  const events = new ClientSNS({ service: 'users', aws });
`;
/** By the first request. */
const CONNECTIONS = `await import('undici/lib/dispatcher/pool.js');`;

const VARIANTS = {
  'Nest and the SDK': NEST_AND_SDK + APP,
  'with the library': NEST_AND_SDK + SERVICE + APP,
  'with its connections': NEST_AND_SDK + SERVICE + CONNECTIONS + APP,
};

const REPORT = `
  globalThis.gc();
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ cpuMs: (user + system) / 1000, rssMb: process.memoryUsage().rss / 2 ** 20 }));
  process.exit(0);
`;

const run = source =>
  JSON.parse(
    execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', source + REPORT], { encoding: 'utf8' }),
  );

const figures = Object.fromEntries(Object.keys(VARIANTS).map(name => [name, []]));
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, source] of Object.entries(VARIANTS)) figures[name].push(run(source));
}

const middle = (name, figure) => median(figures[name].map(each => each[figure]));
const [base] = Object.keys(VARIANTS);
for (const name of Object.keys(VARIANTS)) {
  const [cpuMs, rssMb] = ['cpuMs', 'rssMb'].map(figure => middle(name, figure));
  const [more, moreMb] = [cpuMs - middle(base, 'cpuMs'), rssMb - middle(base, 'rssMb')];
  console.log(
    `${name.padEnd(22)} ${cpuMs.toFixed(0).padStart(5)} ms CPU (+${more.toFixed(0)})   ${rssMb.toFixed(0).padStart(4)} MB (+${moreMb.toFixed(0)})`,
  );
}
