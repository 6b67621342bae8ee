// One contestant in one scenario, in a process of its own. Told by its parent over IPC; answers with its figures.
import { measureConsuming, measurePublishing } from './measure.mjs';
import { measureTurns } from './turns.mjs';

const waiting = new Map();
let asked = 0;
const server = (command, options) =>
  new Promise(resolve => {
    const id = (asked += 1);
    waiting.set(id, resolve);
    process.send({ ask: { id, command, options } });
  });

const MEASURES = { publish: measurePublishing, turns: measureTurns };

async function load({ module, name }) {
  const loaded = await import(new URL(`../${module}`, import.meta.url));
  return name === undefined ? loaded : loaded[name];
}

async function run({ contestant, scenario, endpoint }) {
  const loaded = contestant.contestants
    ? await Promise.all(contestant.contestants.map(async each => [each.key, await load(each)]))
    : await load(contestant);
  const measure = MEASURES[scenario.kind] ?? measureConsuming;
  const { figures, stop } = await measure(loaded, scenario, endpoint, server);
  process.send({ figures });
  await stop();
}

process.on('message', message => {
  if (message.answer) {
    waiting.get(message.answer.id)(message.answer.result);
    waiting.delete(message.answer.id);
  } else if (message.job) {
    run(message.job).catch(error => process.send({ error: error?.stack ?? String(error) }));
  } else if (message.end) process.exit(0);
});
process.on('disconnect', () => process.exit(0));
