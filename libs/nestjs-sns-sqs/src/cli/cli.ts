#!/usr/bin/env node
import { processIo } from './io.js';
import { runCli } from './run-cli.js';

/** An app that was read may keep the process alive: connections, timers. */
async function main(): Promise<void> {
  const io = processIo();
  const code = await runCli(process.argv.slice(2), io);
  // Should the process end before everything is written, the code is right.
  process.exitCode = code;
  await io.flush();
  process.exit(code);
}

void main();
