import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { OnCommand, OnDomainEvent, SnsRecordBuilder, SqsContext, SqsRecordBuilder } from 'nestjs-sns-sqs';
import { awsOf } from '../support/endpoint.js';
import { SwallowingProxy, type SilentFrom } from '../support/swallowing-proxy.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

/** Two silences of a receive, each 30 s until the connection is given up, on a machine that may be busy. */
const DEADLINE_MS = 85_000;
/** Each case waits for half a minute, so all of them wait at one time; `npm test` leaves them out. */
const inExhaustive = process.env['EXHAUSTIVE'] ? it : it.skip;

const GROUPS = 3;
const MESSAGES = 24;
const FROM: readonly SilentFrom[] = ['request', 'answer', 'half an answer'];
const OPERATIONS = ['ReceiveMessage', 'DeleteMessageBatch', 'ChangeMessageVisibilityBatch', 'publish'] as const;
type Operation = (typeof OPERATIONS)[number];

interface Case {
  wire: 'sdk' | 'lean';
  fifo: boolean;
  operation: Operation;
  from: SilentFrom;
}

/** The other two pairs meet half-open connections in the soak. */
const WAYS = [
  { wire: 'sdk', fifo: true },
  { wire: 'lean', fifo: false },
] as const;

const nameOf = ({ wire, operation, from }: Case): string => `${wire}-${operation}-${FROM.indexOf(from)}`.toLowerCase();

interface Handled {
  n: number;
  group: number;
}

describe('a connection that goes silent in the middle of a call', () => {
  const here = world();

  async function proxied(): Promise<SwallowingProxy> {
    const proxy = new SwallowingProxy(new URL(here.url));
    await proxy.listen();
    here.onClose(() => proxy.close());
    return proxy;
  }

  /** A service of its own; each message whose number ends with 5 fails once. */
  async function run(each: Case): Promise<string> {
    const { wire, fifo, operation, from } = each;
    const name = nameOf(each);
    const proxy = await proxied();
    const handled: Handled[] = [];
    const failed = new Set<number>();
    const handle = (data: Handled): void => {
      if (data.n % 10 === 5 && !failed.has(data.n)) {
        failed.add(data.n);
        throw new Error('once');
      }
      handled.push(data);
    };
    @Controller()
    class Commands {
      @OnCommand('work')
      handle(@Payload() data: Handled): void {
        handle(data);
      }
    }
    @Controller()
    class Events {
      @OnDomainEvent('done', { from: name, useCase: name })
      handle(@Payload() data: Handled, @Ctx() context: SqsContext): void {
        expect(context.getPattern()).toBe('done');
        handle(data);
      }
    }
    const access = { wire, aws: awsOf(proxy.url) };
    const consumer = { waitTimeSeconds: 1, visibilityTimeoutSeconds: 20 };
    await here.start([fifo ? Commands : Events], { service: name, ...access, consumer });
    const client = fifo ? here.commands({ service: name, ...access }) : here.events({ service: name, ...access });
    const called = operation !== 'publish' ? operation : fifo ? 'SendMessageBatch' : 'PublishBatch';
    // What the start has asked for is answered.
    await client.emit(fifo ? 'work' : 'done', recordOf({ n: 0, group: 0 }, fifo));
    await waitFor('the first message', () => handled.length === 1, DEADLINE_MS);
    proxy.swallow(called, from);
    const rest = Array.from({ length: MESSAGES }, (_, at) => ({ n: at + 1, group: (at + 1) % GROUPS }));
    await Promise.all(rest.map(data => client.emit(fifo ? 'work' : 'done', recordOf(data, fifo))));
    await waitFor(`${name} to be handled`, () => handled.length > MESSAGES, DEADLINE_MS);
    const queue = here.queue(fifo ? `${name}-async-commands.fifo` : `${name}-on-done`);
    await waitFor(`the queue of ${name} to be empty`, async () => (await queue.size()) === 0, DEADLINE_MS);
    const inOrder = (group: number): boolean =>
      numbersOf(handled, group).every((n, at, all) => at === 0 || n > (all[at - 1] ?? 0));
    const isInOrder = !fifo || [0, 1, 2].every(inOrder);
    const numbers = handled.map(({ n }) => n);
    const isEach = new Set(numbers).size === MESSAGES + 1 && numbers.length === MESSAGES + 1;
    return `${name}: ${proxy.swallowed} silent, ${isEach ? 'each once' : numbers.join(' ')}, ${isInOrder ? 'in order' : 'out of order'}`;
  }

  inExhaustive(
    'loses nothing, repeats nothing and keeps the order of each group',
    async () => {
      const cases = WAYS.flatMap(way =>
        OPERATIONS.flatMap(operation => FROM.map(from => ({ ...way, operation, from }))),
      );
      const results = await Promise.all(cases.map(each => run(each)));
      expect(results).toEqual(cases.map(each => `${nameOf(each)}: 1 silent, each once, in order`));
    },
    2 * DEADLINE_MS,
  );
});

const numbersOf = (handled: readonly Handled[], group: number): number[] =>
  handled.filter(each => each.group === group).map(({ n }) => n);

const recordOf = (data: Handled, fifo: boolean): unknown =>
  fifo
    ? new SqsRecordBuilder(data).setGroupId(`g${data.group}`).build()
    : new SnsRecordBuilder(data).setSubject(`g${data.group}`).build();
