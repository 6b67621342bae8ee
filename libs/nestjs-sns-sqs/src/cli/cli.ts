#!/usr/bin/env node
import { flushed, processIo } from './io.js';
import { runCli } from './run-cli.js';

/** An app that was read may keep the process alive: connections, timers. */
async function main(): Promise<void> {
  const code = await runCli(process.argv.slice(2), processIo());
  await flushed();
  process.exit(code);
}

void main();
