// Outages of hours, in virtual time on the broker's core: a call to SQS, the inbox's store, or both fail without a break.
// No message is lost, the log stays short, nothing piles up, the health tells it, and work goes on within a minute.
import { Broker } from '#broker/core/broker.js';
import { SQS_OPERATIONS } from '#broker/core/sqs/operations.js';
import { Inbox } from '#lib/inbox/inbox.js';
import { MemoryInboxStore } from '#lib/inbox/memory-inbox-store.js';
import type { EventMetadata } from '#lib/interfaces/envelope.interface.js';
import type { ReceiveRequest, SqsMessage, SqsWire } from '#lib/interfaces/wire.interface.js';
import { consumerSettings } from '#lib/options/server-options.js';
import { HandlerRegistry } from '#lib/server/handle/handler-registry.js';
import { QueueConsumer } from '#lib/server/queue-consumer.js';
import { Slots } from '#lib/server/receive/slots.js';
import { ServerInbox } from '#lib/server/server-inbox.js';
import { ServerState } from '#lib/server/server-state.js';
import { randomOf } from '../support/random.mjs';
import { FaultyStore, type Shelf } from './faulty-store.ts';
import { FaultyWire } from './faulty-wire.ts';
import { MemorySteering } from './memory-steering.ts';
import type { StoreFault } from './schedule.ts';
import { VirtualTime } from './virtual-time.ts';

const CALL = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const CALLS = ['receive', 'delete', 'visibility', 'send'] as const;
type Call = (typeof CALLS)[number];

/** What AWS answers, as the SDK throws it. */
const ERRORS = {
  away: [undefined, 'connect ECONNREFUSED 10.0.0.1:443', 'ECONNREFUSED'],
  throttled: [400, 'Rate exceeded', 'RequestThrottled'],
  kms: [400, 'The key is disabled', 'KmsDisabled'],
  kmsThrottled: [400, 'Rate exceeded', 'KmsThrottled'],
  overLimit: [403, 'Too many messages in flight', 'OverLimit'],
  credentials: [403, 'The security token is invalid', 'InvalidClientTokenId'],
  denied: [403, 'no', 'AccessDenied'],
} as const;

interface Outage {
  calls?: readonly Call[];
  error?: keyof typeof ERRORS;
  store?: StoreFault;
  fifo?: boolean;
  hours: number;
  /** Each handler fails, so that each message has a dead letter at last. */
  fails?: boolean;
  /** Between two messages. @default 10 s */
  everyMs?: number;
  /** How long a handler runs. @default 50 ms */
  handlerMs?: number;
  /** Lines of the log from its begin to its end, at most. @default one for each attempt, and five more */
  lines?: number;
  /** Handlers that run again though they have ended, at most. @default 0 */
  repeats?: number;
  /** Undefined: the server stays up. */
  status?: 'reconnecting';
}

interface Result {
  problems: string[];
  text: string;
  lines: string[];
}

const failure = (error: keyof typeof ERRORS): Error => {
  const [status, message, name] = ERRORS[error];
  return Object.assign(new Error(message), status === undefined ? { code: name } : { name }, {
    $metadata: { httpStatusCode: status },
  });
};

class Scene {
  readonly lines: string[] = [];
  readonly handled = new Map<number, number>();
  readonly most = { inFlight: 0, settlements: 0, leases: 0, receives: 0 };
  readonly broker: Broker;
  readonly consumer: QueueConsumer;
  readonly state: ServerState;
  readonly shelf: Shelf;
  /** Calls to SQS, of which many fail. */
  calls = 0;
  sent = 0;
  isOut = false;
  /** Calls of the handler. */
  begun = 0;
  readonly #outage: Outage;
  readonly #time: VirtualTime;
  readonly #queue: string;
  readonly #letters: string;

  constructor(outage: Outage, time: VirtualTime) {
    this.#outage = outage;
    this.#time = time;
    const { fifo = false, store } = outage;
    [this.#queue, this.#letters] = fifo ? ['q.fifo', 'q-dlq.fifo'] : ['q', 'q-dlq'];
    const random = randomOf(7);
    this.broker = new Broker({ clock: time.clock, seed: 7, region: 'us-east-1', accountId: '000000000000' });
    const Attributes = { MessageRetentionPeriod: '1209600', ...(fifo && { FifoQueue: 'true' }) };
    for (const QueueName of [this.#queue, this.#letters]) this.#operation('CreateQueue', { QueueName, Attributes });
    const note = (line: unknown): void => void this.lines.push(String(line));
    const logger = { log: note, warn: note, error: note };
    this.state = new ServerState({ service: 's', logger, onChange: () => undefined });
    this.state.change('polling');
    const settings = consumerSettings({}, this.#queue);
    const watch = { blame: note, endOf: () => undefined, lettersAreAway: () => false };
    const wire = new FaultyWire(this.broker, random, {}, settings.visibilityTimeoutSeconds, watch);
    const ignore = (): void => undefined;
    this.shelf = {
      memory: new MemoryInboxStore({ now: () => time.now }),
      steering: new MemorySteering(() => time.now),
      fault: undefined,
    };
    const shared = new FaultyStore(
      this.shelf,
      random,
      {},
      { noteClaimed: ignore, noteDone: ignore, noteStoreFault: ignore },
    );
    const inbox = new ServerInbox({
      store: store === undefined ? undefined : shared,
      onUnavailable: 'wait',
      logger,
      onFault: (queue, error) => this.state.onFault('inbox', queue, error),
      onRecovery: queue => {
        this.state.onRecovery('inbox', queue);
        this.consumer.wake();
      },
    });
    const rules = { ...settings, leaseMs: settings.visibilityTimeoutSeconds * 1_000, rememberForMs: 7 * 24 * HOUR_MS };
    const letters = `${this.#queue}, dead letters`;
    this.consumer = new QueueConsumer({
      queue: { name: this.#queue, url: this.#url(this.#queue), deadLetterQueueUrl: this.#url(this.#letters), fifo },
      settings,
      inbox: new Inbox({ queue: this.#queue, store: inbox.store, health: inbox.healthOf(this.#queue, false), rules }),
      inboxIsShared: store !== undefined,
      slots: new Slots(Infinity),
      wire: this.#failing(wire),
      tags: wire,
      handlers: new HandlerRegistry([
        {
          pattern: 'work',
          queue: this.#queue,
          subscribed: false,
          handler: (async (n: number) => this.#handle(n)) as never,
        },
      ]),
      decode: ({ Body }) => {
        const { data, ...metadata } = JSON.parse(Body ?? '') as EventMetadata & { data: unknown };
        return { metadata, data };
      },
      hooks: (_, work) => work(),
      logger,
      onFault: error => this.state.onFault('receives', this.#queue, error),
      onRecovery: () => this.state.onRecovery('receives', this.#queue),
      onDeadLettersRefused: error => this.state.onFault('receives', letters, error),
      onDeadLettersAccepted: () => this.state.onRecovery('receives', letters),
    });
  }

  /** Messages that are nowhere but in the queue. */
  get left(): number {
    return this.#size(this.#queue);
  }

  get letters(): number {
    return this.#size(this.#letters);
  }

  begin(): void {
    this.isOut = true;
    this.shelf.fault = this.#outage.store;
  }

  end(): void {
    this.isOut = false;
    this.shelf.fault = undefined;
  }

  /** Messages come all the time: the publisher is another process. */
  async pass(ms: number): Promise<void> {
    const { everyMs = 10_000, fifo = false } = this.#outage;
    const endsAt = this.#time.now + ms;
    while (this.#time.now < endsAt) {
      const n = (this.sent += 1);
      const body = JSON.stringify({ specversion: '1.0', id: `e${n}`, source: 's', type: 'work', data: n });
      const group = fifo && { MessageGroupId: `g${n % 5}`, MessageDeduplicationId: String(n) };
      this.#operation('SendMessage', { QueueUrl: this.#url(this.#queue), MessageBody: body, ...group });
      await this.#time.run(Math.min(everyMs, endsAt - this.#time.now));
      const snapshot = this.consumer.snapshot();
      for (const key of Object.keys(this.most) as Array<keyof Scene['most']>)
        this.most[key] = Math.max(this.most[key], snapshot[key]);
    }
  }

  async #handle(n: number): Promise<void> {
    this.begun += 1;
    await new Promise(resolve => setTimeout(resolve, this.#outage.handlerMs ?? 50));
    if (this.#outage.fails) throw new Error('injected');
    this.handled.set(n, (this.handled.get(n) ?? 0) + 1);
  }

  #failing(wire: SqsWire): SqsWire {
    const { calls = [], error = 'away' } = this.#outage;
    const via = async <T>(call: Call, act: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
      this.calls += 1;
      if (!this.isOut || !calls.includes(call)) return act();
      await new Promise(resolve => setTimeout(resolve, 20));
      throw signal?.aborted ? Object.assign(new Error('aborted'), { name: 'AbortError' }) : failure(error);
    };
    return {
      receive: (request: ReceiveRequest): Promise<SqsMessage[]> =>
        via('receive', () => wire.receive(request), request.signal),
      deleteBatch: (...args) => via('delete', () => wire.deleteBatch(...args)),
      changeVisibilityBatch: (...args) => via('visibility', () => wire.changeVisibilityBatch(...args)),
      sendBatch: (...args) => via('send', () => wire.sendBatch(...args)),
    };
  }

  #size(name: string): number {
    return this.broker.queues.get(name)?.messages.size ?? 0;
  }

  #url(name: string): string {
    return `http://local/000000000000/${name}`;
  }

  #operation(name: string, input: Record<string, unknown>): void {
    void SQS_OPERATIONS.get(name)?.(this.broker, input, CALL);
    this.broker.settle();
  }
}

async function run(outage: Outage): Promise<Result> {
  const time = new VirtualTime();
  const { random } = Math;
  time.install();
  Math.random = randomOf(8);
  try {
    const scene = new Scene(outage, time);
    const { consumer, state } = scene;
    const problems: string[] = [];
    const expect = (isSo: boolean, what: string): void => void (isSo || problems.push(what));
    consumer.start();
    await scene.pass(5 * MINUTE_MS);
    expect(state.current === 'polling', `is ${state.current} before`);
    const [linesBefore, callsBefore] = [scene.lines.length, scene.calls];
    scene.begin();
    await scene.pass(outage.hours * HOUR_MS);
    const during = state.current;
    scene.end();
    const endedAt = time.now;
    const [lines, calls] = [scene.lines.length - linesBefore, scene.calls - callsBefore];
    const handledBefore = scene.handled.size;
    const progress = (): number => (outage.fails ? scene.letters : scene.begun);
    const before = progress();
    await time.run(HOUR_MS, () => progress() > before || scene.left === 0);
    const seconds = (time.now - endedAt) / 1_000;
    await time.run(30 * HOUR_MS, () => scene.left === 0);
    const drainedMinutes = (time.now - endedAt) / MINUTE_MS;
    expect(during === (outage.status ?? 'polling'), `is ${during} meanwhile`);
    expect(state.current === 'polling', `is ${state.current} afterwards`);
    expect(lines <= (outage.lines ?? scene.begun + 5), `${lines} lines`);
    // A copy that was refused is tried again within a quarter of an hour.
    expect(seconds <= (outage.fails ? 900 : 60), `nothing is done for ${seconds.toFixed(1)} s afterwards`);
    expect(scene.left === 0, `${scene.left} messages are left`);
    const [gone, letters] = [scene.handled.size, scene.letters];
    expect(gone + letters === scene.sent, `${gone} handled and ${letters} dead letters of ${scene.sent} messages`);
    expect(letters === (outage.fails ? scene.sent : 0), `${letters} dead letters`);
    const repeats = [...scene.handled.values()].reduce((sum, times) => sum + times - 1, 0);
    expect(repeats <= (outage.repeats ?? 0), `${repeats} handled again`);
    let isStopped = false;
    void consumer.stop(1_000).then(() => (isStopped = true));
    await time.run(10_000, () => isStopped);
    const snapshot = consumer.snapshot();
    expect(isStopped && snapshot.inFlight + snapshot.settlements + snapshot.leases === 0, 'holds something at the end');
    const { inFlight, settlements, leases, receives } = scene.most;
    expect(inFlight <= 40 && settlements <= 220 && receives <= 5, 'held too much');
    return {
      problems,
      lines: scene.lines.slice(linesBefore),
      text: `${calls} calls and ${lines} lines in ${outage.hours} h, ${handledBefore} of ${scene.sent} handled until its end; then the first after ${seconds.toFixed(1)} s, all after ${drainedMinutes.toFixed(1)} min; ${letters} dead letters, ${repeats} handled again; at most ${inFlight} in flight, ${settlements} settlements, ${leases} leases`,
    };
  } finally {
    Math.random = random;
    time.uninstall();
  }
}

const outages: Array<[string, Outage]> = [
  ['SQS is away for 6 h', { calls: CALLS, hours: 6, lines: 20, status: 'reconnecting' }],
  ['SQS is away for 6 h, FIFO', { calls: CALLS, fifo: true, hours: 6, lines: 20, status: 'reconnecting' }],
  [
    'SQS is away for 6 h while long handlers run',
    { calls: CALLS, everyMs: 15_000, handlerMs: 120_000, hours: 6, lines: 25, repeats: 20, status: 'reconnecting' },
  ],
  ['the store is away for 6 h', { store: 'away', hours: 6, lines: 20, status: 'reconnecting' }],
  [
    'the store refuses writes for 6 h, FIFO',
    { store: 'refuses', fifo: true, hours: 6, lines: 20, status: 'reconnecting' },
  ],
  ['both are away for 6 h', { calls: CALLS, store: 'away', hours: 6, lines: 20, status: 'reconnecting' }],
  [
    'the dead letter queue refuses for 3 days',
    { calls: ['send'], error: 'denied', fails: true, everyMs: 1_800_000, hours: 72, status: 'reconnecting' },
  ],
  [
    'the dead letter queue refuses for 3 days, FIFO',
    { calls: ['send'], error: 'kms', fails: true, fifo: true, everyMs: 1_800_000, hours: 72, status: 'reconnecting' },
  ],
  [
    '120,000 messages are in flight for 1 h',
    { calls: ['receive'], error: 'overLimit', hours: 1, lines: 10, status: 'reconnecting' },
  ],
  [
    'receives are throttled for 30 min',
    { calls: ['receive'], error: 'throttled', hours: 0.5, lines: 10, status: 'reconnecting' },
  ],
  ['deletes are throttled for 30 min', { calls: ['delete'], error: 'throttled', everyMs: 500, hours: 0.5, lines: 160 }],
  [
    'deletes are throttled for 30 min, FIFO',
    { calls: ['delete'], error: 'throttled', fifo: true, everyMs: 500, hours: 0.5, lines: 160 },
  ],
  [
    'changes of visibility are throttled for 30 min',
    {
      calls: ['visibility'],
      error: 'throttled',
      handlerMs: 45_000,
      everyMs: 5_000,
      hours: 0.5,
      lines: 460,
      repeats: 400,
    },
  ],
  [
    'the key of the queue is disabled for 6 h',
    { calls: ['receive', 'send'], error: 'kms', hours: 6, lines: 20, status: 'reconnecting' },
  ],
  [
    'KMS throttles for 10 min, FIFO',
    { calls: ['receive', 'send'], error: 'kmsThrottled', fifo: true, hours: 1 / 6, lines: 10, status: 'reconnecting' },
  ],
  [
    'credentials are refused for 1 h',
    { calls: CALLS, error: 'credentials', hours: 1, lines: 20, status: 'reconnecting' },
  ],
];

const only = process.argv[2] ?? '';
for (const [name, outage] of outages.filter(([name]) => name.includes(only))) {
  const startedAt = performance.now();
  const { problems, text, lines } = await run(outage);
  const ms = Math.round(performance.now() - startedAt);
  console.log(`${problems.length === 0 ? 'well ' : 'WRONG'} ${name}: ${text} (${ms} ms)`);
  for (const problem of problems) console.log(`      ${problem}`);
  if (problems.length > 0) {
    process.exitCode = 1;
    for (const line of lines.slice(0, 12)) console.log(`      | ${line.slice(0, 220)}`);
  }
}
