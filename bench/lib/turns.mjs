import { queueName } from './message.mjs';
import { Observer } from './observer.mjs';

/**
 * Contestants in one process, each with a queue of its own, which has messages only while it is its turn: what is beside
 * the process, and what V8 made of the code, is the same for all. Gives `{ turns: [{ contestant, turn, ...figures }] }`,
 * in which turns of the same number lie within seconds of each other.
 * @param contestants `[key, contestant]`; the first turns are for V8 to compile their code
 */
export async function measureTurns(contestants, scenario, endpoint, server) {
  const { slots, handler, turns, warmTurns } = scenario;
  const running = [];
  for (const [place, [contestant, { consume }]] of contestants.entries()) {
    const observer = new Observer(handler);
    const queue = queueName(place);
    const consumer = await consume({ endpoint, queues: [queue], slots, handle: observer.handle });
    running.push({ contestant, observer, queue, consumer });
  }
  const figures = [];
  for (let turn = -warmTurns; turn < turns; turn += 1) {
    for (const each of shuffled(running)) {
      const figuresOfTurn = await takeTurn(each, scenario, server);
      if (turn >= 0) figures.push({ contestant: each.contestant, turn, ...figuresOfTurn });
    }
  }
  const inOrder = contestants.flatMap(([key]) => figures.filter(({ contestant }) => contestant === key));
  return {
    figures: { turns: inOrder },
    stop: () => Promise.all(running.map(({ consumer }) => consumer.stop())),
  };
}

/**
 * A turn begins and ends with nothing in flight, so that all that its messages cost is within it, the garbage of the
 * young included, and nothing of the turn before. What lives on is collected between turns.
 */
async function takeTurn({ observer, queue, consumer }, { rampMessages, messages: count }, server) {
  consumer.beginTurn?.();
  await server('portion', { queue, count: rampMessages });
  globalThis.gc({ type: 'minor' });
  const cpu = process.cpuUsage();
  const { perSecond } = await server('portion', { queue, count });
  globalThis.gc({ type: 'minor' });
  const { user, system } = process.cpuUsage(cpu);
  consumer.endTurn?.();
  observer.latencies.length = 0;
  return { perSecond, cpuMicros: (user + system) / count };
}

function shuffled(list) {
  const rest = [...list];
  return list.map(() => rest.splice(Math.floor(Math.random() * rest.length), 1)[0]);
}
