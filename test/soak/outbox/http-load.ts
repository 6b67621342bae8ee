import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { REFUSED } from './books.ts';

export interface HttpLoadOptions {
  users: number;
  changes: number;
  random: () => number;
  /** Of one of the processes of `users`. */
  url: () => string | undefined;
}

const REQUEST_LIMIT_MS = 20_000;
const RETRY_MS = 200;
/** Of the changes: those that fail at their commits, and those that delete the user. */
const REFUSED_SHARE = 0.1;
const DELETED_SHARE = 0.02;
/** Requests under way at one time. */
const WORKERS = 16;

interface User {
  id: string;
  isDeleted: boolean;
}

/** Users that register and change over HTTP, spread evenly over the time. One request of a user is under way at a time. */
export class HttpLoad {
  registered = 0;
  changed = 0;
  refused = 0;
  retried = 0;
  readonly #options: HttpLoadOptions;
  readonly #idle: User[] = [];
  #begun = 0;

  constructor(options: HttpLoadOptions) {
    this.#options = options;
  }

  /** Resolves when every request has its answer. */
  async run(ms: number): Promise<void> {
    const startedAt = performance.now();
    const total = this.#options.users + this.#options.changes;
    const work = async (): Promise<void> => {
      while (this.#begun < total) {
        const due = ((performance.now() - startedAt) / ms) * total;
        if (this.#begun >= due) await pause(20);
        else await this.#next(this.#begun++);
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, work));
  }

  /** Registrations are spread among the changes. */
  #next(n: number): Promise<void> {
    const { users, changes } = this.#options;
    const isRegistration =
      Math.floor(((n + 1) * users) / (users + changes)) > Math.floor((n * users) / (users + changes));
    return isRegistration || this.#idle.length === 0 ? this.#register() : this.#change();
  }

  async #register(): Promise<void> {
    const email = `${randomUUID()}@example.com`;
    const answer = await this.#request('POST', '/users', { email, name: 'Ada' }, [201, 409]);
    if (answer?.status !== 201) return;
    this.registered += 1;
    this.#idle.push({ id: ((await answer.json()) as { id: string }).id, isDeleted: false });
  }

  async #change(): Promise<void> {
    const { random } = this.#options;
    const [user] = this.#idle.splice(Math.floor(random() * this.#idle.length), 1);
    if (!user) return;
    const kind = random();
    if (kind < DELETED_SHARE) await this.#delete(user);
    else if (kind < DELETED_SHARE + REFUSED_SHARE) await this.#refuse(user);
    else await this.#changeEmail(user);
    if (!user.isDeleted) this.#idle.push(user);
  }

  async #changeEmail({ id }: User): Promise<void> {
    const email = `${randomUUID()}@example.com`;
    const answer = await this.#request('PATCH', `/users/${id}`, { email }, [200, 409]);
    await answer?.body?.cancel();
    if (answer) this.changed += 1;
  }

  /** Tried once: whether it was answered or not, it is never committed. */
  async #refuse({ id }: User): Promise<void> {
    const email = `${REFUSED}-${randomUUID()}@example.com`;
    const answer = await this.#try('PATCH', `/users/${id}`, { email });
    await answer?.body?.cancel();
    if (answer && answer.status < 400) throw new Error('a change that cannot commit was answered with a success');
    this.refused += 1;
  }

  async #delete(user: User): Promise<void> {
    const answer = await this.#request('DELETE', `/users/${user.id}`, undefined, [204, 404]);
    await answer?.body?.cancel();
    user.isDeleted = true;
  }

  /** As a browser would: again, until there is an answer that counts. */
  async #request(
    method: string,
    path: string,
    body: object | undefined,
    ends: number[],
  ): Promise<Response | undefined> {
    for (;;) {
      const answer = await this.#try(method, path, body);
      if (answer && ends.includes(answer.status)) return answer;
      await answer?.body?.cancel();
      this.retried += 1;
      await pause(RETRY_MS);
    }
  }

  #try(method: string, path: string, body: object | undefined): Promise<Response | undefined> {
    return fetch(`${this.#options.url()}${path}`, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
    }).catch(() => undefined);
  }
}
