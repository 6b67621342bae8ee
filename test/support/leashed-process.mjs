import { once } from 'node:events';
import { rmSync } from 'node:fs';

/** A server under a shell that ends it when its input ends: it never outlives the process that started it. */
export class LeashedProcess {
  #shell;

  /** @param folder what {@link remove} takes away with it */
  constructor(folder) {
    this.folder = folder;
  }

  /** @param shell runs the server, and reads its own input to the end */
  holdLeash(shell) {
    this.#shell = shell;
  }

  /** Ends it at once, as a crash does. */
  async stop() {
    const shell = this.#shell;
    if (!shell) return;
    this.#shell = undefined;
    const ended = once(shell, 'exit');
    shell.stdin.end();
    await ended;
  }

  /** Stops it, and nothing of it is left. */
  async remove() {
    await this.stop();
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
  }
}
