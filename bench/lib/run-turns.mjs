import { queueName } from './message.mjs';
import { runCell } from './run-cell.mjs';

/** Hands turns out: when each contestant has asked for one, one after the other; in another order each time. */
class Turns {
  #waiting = new Map();
  #over = Promise.resolve();
  #count = 0;
  #end;

  constructor(places) {
    this.places = places;
  }

  /** Resolves when it is the turn of this place. */
  ask(place) {
    return new Promise(begin => {
      this.#waiting.set(place, begin);
      if (this.#waiting.size === this.places) this.#over = this.#over.then(() => this.#handOut());
    });
  }

  end() {
    this.#end();
  }

  async #handOut() {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (let count = 0; count < this.places; count += 1) {
      const over = new Promise(end => (this.#end = end));
      waiting.get((count + this.#count) % this.places)();
      await over;
    }
    this.#count += 1;
  }
}

/**
 * Contestants side by side, each in a process and with a queue of its own, that take short turns: what slows the machine
 * for a while slows all of them. Gives `[{ contestant, turn, ...figures }]`.
 */
export async function runTurns(scenario, contestants, server, execArgvOf) {
  await server.ask('reset', { latencyMs: scenario.latencyMs });
  const turns = new Turns(contestants.length);
  const commands = {
    reset: () => undefined,
    turn: ({ place }) => turns.ask(place),
    turnOver: () => turns.end(),
  };
  const shared = {
    endpoint: server.endpoint,
    ask: (command, options) => (commands[command] ? commands[command](options) : server.ask(command, options)),
  };
  const all = await Promise.all(
    contestants.map(async (contestant, place) => {
      const own = { ...scenario, queues: [queueName(place)], place };
      const figures = await runCell(contestant, own, shared, { execArgv: execArgvOf(contestant) });
      return figures.turns.map((each, turn) => ({ contestant: contestant.key, turn, ...each }));
    }),
  );
  return all.flat();
}
