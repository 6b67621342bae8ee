import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { aborted } from './stop-signal.mjs';

/** PGlite takes seconds of CPU to start. */
const START_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 10_000;

/**
 * Runs `script` as a process of its own. Resolves once it says that it is ready; rejects with its last words when it
 * ends before, and with the reason of `signal` when that is aborted before; then it has ended. The process ends with
 * this one: it notices that the channel to it is closed.
 */
export async function startService({ name, script, env, onLine, signal, startLimitMs = START_LIMIT_MS }) {
  const lines = [];
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, ...(!process.stdout.isTTY && { NO_COLOR: '1' }), ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', line => {
      lines.push(line);
      onLine?.(name, line);
    });
  }
  const ended = new Promise(resolve => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const url = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} is not ready after ${startLimitMs} ms`)), startLimitMs);
    child.once('message', message => {
      clearTimeout(timer);
      resolve(message.url);
    });
    void ended.then(end => {
      clearTimeout(timer);
      const how = end.code ?? end.signal;
      reject(new Error(`${name} ended with ${how} while starting:\n${lines.slice(-15).join('\n')}`));
    });
    aborted(signal).catch(reason => {
      clearTimeout(timer);
      reject(reason);
    });
  }).catch(async error => {
    child.kill('SIGKILL');
    await ended;
    // Ctrl-C in a terminal goes to every process at once: the service may be the first to end by it.
    throw signal.aborted ? signal.reason : error;
  });
  return {
    name,
    url,
    lines,
    pid: child.pid,
    ended,
    /** A message to its `process.on('message')`; one that has ended hears nothing. */
    send(message) {
      if (child.connected) child.send(message, () => undefined);
    },
    /** Asks it to end, and ends it after ten seconds. Resolves to how it ended. */
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      const end = await ended;
      clearTimeout(timer);
      return end;
    },
  };
}
