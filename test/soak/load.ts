import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { lastValueFrom } from 'rxjs';
import { ClientSNS, ClientSQS, SnsRecordBuilder, SqsRecordBuilder, type AwsClientOptions } from '#lib/index.js';
import { SECOND_RELEASE } from './releases.ts';

const TICK_MS = 100;
/** Shares of the commands: users that register over HTTP (each becomes a command of `notifications` to itself), direct ones. */
const REGISTERED = 1 / 4;
const GROUPS = 500;
/** Of what is published directly, one in so many can never be handled. */
const POISON_EVERY = 400;
/** Of what changes and is cancelled directly, one in so many is what only the second release of `notifications` knows. */
const SECOND_RELEASE_EVERY = 3;
/** `notifications` remembers each user: no more of them than it may hold, and enough for the events of one to be apart. */
const USERS = Array.from({ length: 5_000 }, () => randomUUID());
const userOf = (n: number): string => USERS[n % USERS.length] ?? '';

export interface LoadOptions {
  /** How many. */
  events: number;
  commands: number;
  aws: AwsClientOptions;
  /** Of one of the processes of `users`. */
  urlOfUsers: () => string | undefined;
}

/** How many of a kind, and how one is sent. */
type KindOfLoad = [count: number, send: (n: number) => Promise<void>];

/**
 * Events and commands to both services, spread evenly over the time: users register over HTTP (`user.registered`, then
 * a command, a mail, `welcome-email.sent`, two rows), further events and commands are published as `users` would.
 */
export class Load {
  /** Ids of events and commands that AWS has accepted from here. */
  readonly published: string[] = [];
  refused = 0;
  readonly users: string[] = [];
  requests = 0;
  readonly #events: ClientSNS;
  readonly #commands: ClientSQS;
  readonly #kinds: KindOfLoad[];
  #urlOfUsers: () => string | undefined;
  readonly #underWay = new Set<Promise<void>>();
  readonly #versions = new Map<string, number>();

  constructor({ events, commands, aws, urlOfUsers }: LoadOptions) {
    this.#events = new ClientSNS({ service: 'users', aws });
    this.#commands = new ClientSQS({ service: 'notifications', source: 'users', aws });
    this.#urlOfUsers = urlOfUsers;
    const registered = Math.round(commands * REGISTERED);
    const direct = commands - registered;
    const welcomes = Math.round(direct / 2);
    // `user.registered` and `welcome-email.sent` of the registered, `welcome-email.sent` of the welcomed.
    const changed = Math.max(0, events - 2 * registered - welcomes);
    this.#kinds = [
      [registered, () => this.#register()],
      [changed, n => this.#emailChanged(n)],
      [welcomes, n => this.#welcome(n)],
      [direct - welcomes, n => this.#cancel(n)],
    ];
  }

  /** Resolves when all has been sent and answered. */
  async run(ms: number): Promise<void> {
    const sent = this.#kinds.map(() => 0);
    const startedAt = performance.now();
    for (let share = 0; share < 1;) {
      await pause(TICK_MS);
      share = Math.min(1, (performance.now() - startedAt) / ms);
      this.#kinds.forEach(([count, send], kind) => {
        for (let n = sent[kind] ?? 0; n < count * share; sent[kind] = ++n) this.#track(send(n));
      });
    }
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    this.#urlOfUsers = () => undefined;
  }

  #nextVersion(id: string): number {
    const version = (this.#versions.get(id) ?? 0) + 1;
    this.#versions.set(id, version);
    return version;
  }

  async close(): Promise<void> {
    await Promise.all([this.#events.close(), this.#commands.close()]);
  }

  #track(work: Promise<void>): void {
    const ended = work.finally(() => this.#underWay.delete(ended));
    this.#underWay.add(ended);
  }

  /** As a browser would: again, until it is told that the user exists. */
  async #register(): Promise<void> {
    const user = { email: `user-${randomUUID()}@example.com`, name: 'Ada' };
    for (;;) {
      this.requests += 1;
      const response = await fetch(`${this.#urlOfUsers()}/users`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(user),
        signal: AbortSignal.timeout(30_000),
      }).catch(() => undefined);
      if (response?.status === 201) this.users.push(((await response.json()) as { id: string }).id);
      if (response?.status === 201 || response?.status === 409) return;
      await pause(500);
    }
  }

  /** A user's versions are counted from 1, as `users` does; what can never be handled is a user of its own. */
  #emailChanged(n: number): Promise<void> {
    const isPoison = n % POISON_EVERY === 1;
    const id = isPoison ? randomUUID() : userOf(n);
    const version = isPoison ? 1 : this.#nextVersion(id);
    const email = isPoison ? 'no address' : `changed-${n}@example.com`;
    const isSecond = !isPoison && n % SECOND_RELEASE_EVERY === 0;
    const type = isSecond ? SECOND_RELEASE.event : 'user.email-changed';
    const data = isSecond ? { user: { id, email }, version } : { id, email, previousEmail: 'a@example.com', version };
    return this.#emit(this.#events, type, new SnsRecordBuilder(data).setSubject(id).setSequence(version));
  }

  #welcome(n: number): Promise<void> {
    const email = n % POISON_EVERY === 1 ? 'no address' : `welcome-${n}@example.com`;
    return this.#command('send-welcome-email', { userId: randomUUID(), email, name: 'Bob' }, n);
  }

  #cancel(n: number): Promise<void> {
    const command = n % SECOND_RELEASE_EVERY === 0 ? SECOND_RELEASE.command : 'cancel-user-mails';
    return this.#command(command, { userId: userOf(n) }, n);
  }

  #command(type: string, data: object, n: number): Promise<void> {
    return this.#emit(this.#commands, type, new SqsRecordBuilder(data).setGroupId(`group-${n % GROUPS}`));
  }

  async #emit(client: ClientSNS | ClientSQS, type: string, record: SnsRecordBuilder | SqsRecordBuilder): Promise<void> {
    const id: string = randomUUID();
    for (;;) {
      try {
        await lastValueFrom(client.emit(type, record.setId(id).build()), { defaultValue: undefined });
        this.published.push(id);
        return;
      } catch {
        // It may have been accepted all the same; as an outbox would, it is sent again under its id.
        this.refused += 1;
        await pause(500);
      }
    }
  }
}
