import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A server in a process of its own, spoken to over IPC. */
export class ServerProcess {
  #waiting = new Map();
  #asked = 0;

  static async start(file) {
    const child = fork(new URL(`../servers/${file}.mjs`, import.meta.url), { execArgv: [] });
    const [{ ready }] = await once(child, 'message');
    return new ServerProcess(child, ready.endpoint);
  }

  constructor(child, endpoint) {
    this.child = child;
    this.endpoint = endpoint;
    child.on('message', ({ id, result }) => {
      this.#waiting.get(id)(result);
      this.#waiting.delete(id);
    });
  }

  ask(command, options) {
    const id = (this.#asked += 1);
    this.child.send({ id, command, options });
    return new Promise(resolve => this.#waiting.set(id, resolve));
  }

  stop() {
    this.child.disconnect();
  }
}
