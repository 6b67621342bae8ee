import type { INestMicroservice } from '@nestjs/common';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { SnsRecordBuilder, SqsRecordBuilder, type ClientSNS, type ClientSQS, type Provisioning } from 'nestjs-sns-sqs';
import { nestMajor } from '../support/child-consumer.js';
import { sharedStore, startVersion, type Handled, type Listens, type VersionSpec } from '../support/versions.js';
import { waitFor } from '../support/wait-for.js';
import { QUICK, world, type Emitter, type World } from '../support/world.js';

type Kind = 'standard' | 'FIFO' | 'loosely filtered';
type Sent = { topic?: string; type: string; subject: string };

/** Two versions of a service, and what is sent while both run. */
interface Change {
  name: string;
  of: (kind: Kind) => { old: VersionSpec; new: VersionSpec; sent: Sent[]; canary?: true; rollback?: true } | undefined;
}

const QUEUE = 'directory';
const MESSAGES = 16;
const SUBJECTS = 4;

/** SNS cannot filter by the middle of a type. */
const LOOSE = { pattern: 'user.*.done', type: 'user.import.done' };

const onQueue = (pattern: string, more: Record<string, unknown> = {}): Listens => ({
  pattern,
  extras: { topic: 'users-domain-events', queue: QUEUE, ...more },
});

/** What both versions take, and what only one of them does. */
function common(kind: Kind, more?: Record<string, unknown>): Listens {
  if (kind === 'FIFO') return { pattern: 'user.register' };
  return onQueue(kind === 'standard' ? 'user.registered' : LOOSE.pattern, more);
}
const other = (kind: Kind): Listens => (kind === 'FIFO' ? { pattern: 'user.rename' } : onQueue('user.renamed'));
const typeOf = ({ pattern }: Listens): string => (pattern === LOOSE.pattern ? LOOSE.type : pattern);

/** Messages of these types in turn, over several subjects. */
function messages(listens: readonly Listens[]): Sent[] {
  return Array.from({ length: MESSAGES }, (_, n) => {
    const each = listens[n % listens.length] ?? { pattern: '' };
    return {
      type: typeOf(each),
      subject: `s${Math.floor(n / listens.length) % SUBJECTS}`,
      ...(each.extras && { topic: String(each.extras['topic']) }),
    };
  });
}

const both = (kind: Kind) => [common(kind), other(kind)];
const withOptions = (kind: Kind, consumer: object) => ({ listens: [common(kind)], options: { consumer } });

const CHANGES: Change[] = [
  {
    name: 'a handler is added',
    of: kind => ({ old: { listens: [common(kind)] }, new: { listens: both(kind) }, sent: messages(both(kind)) }),
  },
  {
    name: 'a handler is removed',
    of: kind => ({ old: { listens: both(kind) }, new: { listens: [common(kind)] }, sent: messages(both(kind)) }),
  },
  {
    name: 'a use case is renamed',
    of: kind => {
      if (kind === 'FIFO') return undefined;
      const renamed = { ...common(kind), extras: { ...common(kind).extras, queue: 'people', formerly: [QUEUE] } };
      return { old: { listens: [common(kind)] }, new: { listens: [renamed] }, sent: messages([common(kind)]) };
    },
  },
  {
    name: 'an event becomes v2 on the same queue',
    of: kind => {
      const v2 = {
        ...common(kind),
        pattern: `${kind === 'loosely filtered' ? 'account.*.done' : common(kind).pattern}${kind === 'loosely filtered' ? '' : '.v2'}`,
      };
      const sent = messages([common(kind), v2]).map(each =>
        each.type === 'account.*.done' ? { ...each, type: 'account.x.done' } : each,
      );
      return { old: { listens: [common(kind)] }, new: { listens: [common(kind), v2] }, sent };
    },
  },
  {
    name: 'the events come from another topic',
    of: kind => {
      if (kind === 'FIFO') return undefined;
      const moved = common(kind, { topic: 'people-domain-events' });
      return { old: { listens: [common(kind)] }, new: { listens: [moved] }, sent: messages([common(kind), moved]) };
    },
  },
  {
    name: 'ordering is asked for',
    of: kind =>
      kind === 'FIFO'
        ? undefined
        : {
            old: { listens: [common(kind)] },
            new: withOptions(kind, { ordering: 'sequential', gapTimeoutMs: 2_000 }),
            sent: messages([common(kind)]),
          },
  },
  {
    name: 'inboxKey changes',
    of: kind => ({
      old: { listens: [common(kind)] },
      new: withOptions(kind, { inboxKey: ({ id }: { id: string }) => `k${id}` }),
      sent: messages([common(kind)]),
    }),
  },
  {
    name: 'maxReceiveCount changes',
    of: kind => ({
      old: withOptions(kind, { maxReceiveCount: 9 }),
      new: withOptions(kind, { maxReceiveCount: 1 }),
      sent: messages([common(kind)]),
    }),
  },
  {
    name: 'a rollback starts the old one last',
    of: kind => ({
      old: { listens: [common(kind)] },
      new: { listens: both(kind) },
      sent: messages(both(kind)),
      rollback: true,
    }),
  },
  {
    name: 'a canary is one of three',
    of: kind => ({
      old: { listens: [common(kind)] },
      new: { listens: both(kind) },
      sent: messages(both(kind)),
      canary: true,
    }),
  },
];
const KINDS: Kind[] = ['standard', 'FIFO', 'loosely filtered'];
const MODES: Provisioning[] = ['create', 'verify', 'off'];

const cells = CHANGES.flatMap(change =>
  KINDS.flatMap(kind => MODES.map(mode => ({ change, kind, mode, name: `${change.name}, ${kind}, ${mode}` }))),
).filter(({ change, kind }) => change.of(kind) !== undefined);
/** Each change on each kind of queue in one mode, the modes in turn. */
const SAMPLE = cells.filter((_, at) => at % MODES.length === Math.floor(at / MODES.length) % MODES.length);
/** On a server that shares the machine with the suite, and on Nest 11: one cell of each change or so. */
const SMALL_SAMPLE = cells.filter((_, at) => at % 8 === 0);
const isSlow = (await nestMajor()) === 11 || process.env['AWS_ENDPOINT_URL'] !== undefined;
const chosen = isSlow ? SMALL_SAMPLE : process.env['EXHAUSTIVE'] ? cells : SAMPLE;
/**
 * A message that only one of three instances takes comes back until it meets that one. LocalStack looks once a second,
 * over all its queues and later when it is busy, at what is to be visible again, and gives all of it to who waited longest.
 */
const HANDLED_WITHIN_MS = process.env['AWS_ENDPOINT_URL'] ? 180_000 : 80_000;

interface Outcome {
  handled: Handled[];
  sent: Sent[];
  deadLettered: number;
}

/** Old and new run under load, and each restarts once. */
async function run(here: World, prefix: string, { change, kind, mode }: (typeof cells)[number]): Promise<Outcome> {
  const setUp = change.of(kind);
  if (!setUp) throw new Error('no such cell');
  const handled: Handled[] = [];
  const store = sharedStore();
  const server = here.serverOptions({
    prefix,
    provisioning: mode,
    inbox: { store },
    // A message of an unknown type comes back after whole seconds, and who has polled for longest receives it. With polls of
    // one second that may be the same instance each time, on a machine that is busy enough.
    consumer: { ...QUICK, waitTimeSeconds: 2, concurrency: 4 },
  });
  const versions = { old: setUp.old, new: setUp.new };
  const running = new Map<string, INestMicroservice>();
  const start = async (name: keyof typeof versions, id: string = name): Promise<void> => {
    running.set(id, await startVersion(name, versions[name], { ...server }, handled));
  };
  const restart = async (name: keyof typeof versions): Promise<void> => {
    await running.get(name)?.close();
    await start(name);
  };
  const emitters = new Map<string, Emitter<ClientSNS | ClientSQS>>();
  const emitterOf = (topic: string | undefined): Emitter<ClientSNS | ClientSQS> => {
    const key = topic ?? 'commands';
    const emitter =
      emitters.get(key) ??
      (topic === undefined
        ? here.commands({ prefix, source: 'sender' })
        : here.events({ prefix, service: topic.replace('-domain-events', '') }));
    emitters.set(key, emitter);
    return emitter;
  };
  try {
    // The platform's pipeline has made what either version needs.
    if (mode !== 'create') {
      // The old one last: the new one would have taken the subscription of what it renamed.
      for (const version of [setUp.new, setUp.old]) {
        const app = await startVersion('setup', version, { ...server, provisioning: 'create' }, handled);
        await app.close();
      }
    }
    const order: Array<keyof typeof versions> = setUp.rollback ? ['new', 'old'] : ['old', 'new'];
    for (const name of order) await start(name);
    if (setUp.canary) await start('old', 'old-2');
    const sequences = new Map<string, number>();
    const send = async ({ topic, type, subject }: Sent, n: number): Promise<void> => {
      const key = topic ?? 'commands';
      const sequence = (sequences.get(`${key} ${subject}`) ?? 0) + 1;
      sequences.set(`${key} ${subject}`, sequence);
      const record =
        topic === undefined
          ? new SqsRecordBuilder({ n }).setSubject(subject).setGroupId(subject)
          : new SnsRecordBuilder({ n }).setSubject(subject).setSequence(sequence);
      await emitterOf(topic).emit(type, record.build());
    };
    const half = setUp.sent.length / 2;
    await Promise.all(setUp.sent.slice(0, half).map(send));
    await restart(order[0] ?? 'old');
    await Promise.all(setUp.sent.slice(half).map((each, at) => send(each, half + at)));
    await restart(order[1] ?? 'new');
    const distinct = () => new Set(handled.map(({ n }) => n)).size;
    try {
      await waitFor('all to be handled', () => distinct() === setUp.sent.length, HANDLED_WITHIN_MS);
    } catch (error) {
      throw new Error(await whatIsLeft(here, prefix, setUp.sent, handled), { cause: error });
    }
    return { handled, sent: setUp.sent, deadLettered: await lettersIn(here, prefix) };
  } finally {
    for (const app of running.values()) await app.close();
  }
}

async function sizesOf(here: World, prefix: string): Promise<Map<string, number>> {
  const { QueueUrls = [] } = await here.clients.sqs.send(new ListQueuesCommand({ QueueNamePrefix: prefix }));
  const names = QueueUrls.map(url => url.slice(url.lastIndexOf('/') + 1 + prefix.length));
  const sizes = await Promise.all(names.map(name => here.queue(`${prefix.slice(here.prefix.length)}${name}`).size()));
  return new Map(names.map((name, at) => [name, sizes[at] ?? 0]));
}

async function lettersIn(here: World, prefix: string): Promise<number> {
  const letters = [...(await sizesOf(here, prefix))].filter(([name]) => /-dlq(\.fifo)?$/.test(name));
  return letters.reduce((sum, [, size]) => sum + size, 0);
}

/** What was not handled, and where messages still are. */
async function whatIsLeft(here: World, prefix: string, sent: readonly Sent[], handled: Handled[]): Promise<string> {
  const done = new Set(handled.map(({ n }) => n));
  const missing = sent.flatMap(({ type }, n) => (done.has(n) ? [] : [`${n} (${type})`]));
  const queues = [...(await sizesOf(here, prefix))].map(([name, size]) => `${name} has ${size}`);
  return `never handled: ${missing.join(', ')}; ${queues.join(', ')}`;
}

describe('an old and a new version of a service, side by side under load, each restarted once', () => {
  const here = world('per-file');
  const outcomes = new Map<string, Outcome | Error>();

  // Most of a cell is waiting, so many run at a time.
  beforeAll(async () => {
    const queue = chosen.entries();
    const worker = async (): Promise<void> => {
      for (const [at, cell] of queue) {
        const outcome = await run(here, `${here.prefix}${at}-`, cell).catch((error: unknown) => error as Error);
        outcomes.set(cell.name, outcome);
      }
    };
    await Promise.all(Array.from({ length: 12 }, worker));
  }, HANDLED_WITHIN_MS + 160_000);

  it.each(chosen.map(({ name, kind }) => [name, kind] as const))(
    '%s: nothing is lost, dead-lettered or out of order',
    (name, kind) => {
      const outcome = outcomes.get(name);
      if (!outcome || outcome instanceof Error) throw outcome ?? new Error('it did not run');
      const { handled, sent, deadLettered } = outcome;
      expect(new Set(handled.map(({ n }) => n)).size).toBe(sent.length);
      expect(deadLettered).toBe(0);
      // The inbox is one for both versions, under the new name of a use case too.
      if (!/inboxKey/.test(name)) expect(handled).toHaveLength(sent.length);
      if (kind !== 'FIFO') return;
      for (const subject of new Set(sent.map(each => each.subject))) {
        const order = [...new Set(handled.filter(each => each.subject === subject).map(({ n }) => n))];
        expect(order).toEqual(order.toSorted((a, b) => a - b));
      }
    },
  );
});
