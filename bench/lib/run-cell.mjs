import { fork } from 'node:child_process';

const WORKER = new URL('worker.mjs', import.meta.url);
const TIME_LIMIT_MS = 60_000;
/** What SQS asks for a million requests, in dollars, after the free ones (us-east-1, 2026); 64 KB count as one. */
const PRICE = { standard: 0.4, fifo: 0.5 };

function withPrice(figures, { queues, bytes = 0, supply: { bytes: received = 0 } = {}, handler }) {
  // Copies to a dead letter queue are not among the calls.
  if (figures.callsPerMessage === undefined || handler === 'refused' || bytes > 4_000 || received > 4_000)
    return figures;
  const price = queues.every(name => name.endsWith('.fifo')) ? PRICE.fifo : PRICE.standard;
  return { ...figures, dollars: figures.callsPerMessage * price };
}

/** One contestant in one scenario: its figures, measured in a fresh process on a server that was reset. */
export async function runCell(contestant, scenario, server, { execArgv = [] } = {}) {
  await server.ask('reset', { latencyMs: scenario.latencyMs });
  if (scenario.supply) {
    for (const queue of scenario.queues) await server.ask('supply', { queue, ...scenario.supply });
  }
  const { contestants: _, timeLimitMs = TIME_LIMIT_MS, execArgv: ofScenario = [], ...told } = scenario;
  const argv = ['--expose-gc', ...ofScenario, ...execArgv];
  const worker = fork(WORKER, { execArgv: argv, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let stderr = '';
  worker.stderr.on('data', chunk => (stderr = (stderr + chunk).slice(-2_000)));
  let timer;
  try {
    return await new Promise((resolve, reject) => {
      const fail = why => reject(new Error(`${contestant.key} in ${scenario.key}: ${why}\n${stderr}`));
      timer = setTimeout(() => fail(`no figures within ${timeLimitMs / 1000} s`), timeLimitMs);
      worker.on('exit', code => fail(`ended with code ${code}`));
      const hear = async ({ ask, figures, error }) => {
        if (figures) resolve(withPrice(figures, scenario));
        else if (error) fail(error);
        else if (ask) {
          worker.send({ answer: { id: ask.id, result: await server.ask(ask.command, ask.options) } }, () => undefined);
        }
      };
      worker.on('message', message => void hear(message));
      worker.send({ job: { contestant, scenario: told, endpoint: server.endpoint } });
    });
  } finally {
    clearTimeout(timer);
    await end(worker);
  }
}

/** Asked to, so that it can write a profile; forced, when it does not. */
function end(worker) {
  if (worker.exitCode !== null || worker.signalCode !== null) return Promise.resolve();
  return new Promise(resolve => {
    const timer = setTimeout(() => worker.kill('SIGKILL'), 2_000);
    worker.on('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    worker.send({ end: true }, () => undefined);
  });
}
