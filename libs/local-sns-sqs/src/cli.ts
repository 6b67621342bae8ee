#!/usr/bin/env node
import { banner } from './banner.js';
import { readArguments, USAGE } from './cli-arguments.js';
import { applyInit, readInit } from './init.js';
import { startLocalBroker } from './local-broker.js';

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

async function main(): Promise<void> {
  const given = readArguments(process.argv.slice(2));
  if (given === 'help') {
    console.log(USAGE);
    return;
  }
  const { init, ...options } = given;
  const wanted = init === undefined ? undefined : readInit(init);
  const broker = await startLocalBroker(options);
  if (wanted) await applyInit(broker.endpoint, wanted);
  console.log(banner(broker, options));
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
