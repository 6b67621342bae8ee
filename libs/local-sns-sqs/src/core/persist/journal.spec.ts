import * as fc from 'fast-check';
import { CoreDriver, DAY, MINUTE, SECOND } from '../../../test/core-driver.js';
import { applyEntries } from '../../persist/journal-file.js';
import { Broker } from '../broker.js';
import { VirtualClock } from '../virtual-clock.js';
import { Journal } from './journal.js';
import { allRecords } from './records.js';
import { restoreRecords } from './restore.js';

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const stateOf = (broker: Broker): Record<string, unknown> =>
  json(Object.fromEntries(allRecords(broker))) as Record<string, unknown>;

/** A broker and what its journal has told so far, as a file would have it. */
class Written {
  readonly core = new CoreDriver();
  readonly records = new Map<string, unknown>();
  private readonly journal = new Journal(this.core.broker);

  constructor() {
    this.journal.attach();
    for (const [key, value] of allRecords(this.core.broker)) this.records.set(key, value);
  }

  /** As the HTTP face does around each call. */
  do(operation: () => unknown): void {
    this.core.broker.controlChanged = true;
    try {
      operation();
    } catch {
      // What is refused may have changed something all the same.
    }
    const entries = this.journal.take();
    if (entries) applyEntries(this.records, json(entries) as typeof entries);
  }

  /** Another broker, from what was written. */
  restored(): Broker {
    const clock = new VirtualClock(this.core.clock.now());
    const broker = new Broker({ clock, seed: 99, region: 'us-east-1', accountId: '000000000000' });
    restoreRecords(broker, this.records);
    return broker;
  }

  /** Without what is over and may still stand in the file. */
  get expected(): Record<string, unknown> {
    const now = this.core.clock.now();
    const entries = Object.entries(stateOf(this.core.broker)).filter(
      ([key, value]) => !/^(sent|published):/.test(key) || (value as { expiresAt: number }).expiresAt > now,
    );
    return Object.fromEntries(entries);
  }
}

const withoutExpired = (broker: Broker): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(stateOf(broker)).filter(
      ([key, value]) => !/^(sent|published):/.test(key) || (value as { expiresAt: number }).expiresAt > broker.now(),
    ),
  );

const QUEUES = ['q', 'dead', 'q.fifo', 'dead.fifo'];
const TOPICS = ['t', 't.fifo'];
const nat = fc.nat(30);
const queue = fc.constantFrom(...QUEUES);
const topic = fc.constantFrom(...TOPICS);
const step = fc.oneof(
  fc.record({ send: queue, group: fc.nat(2), id: fc.nat(10), delay: fc.nat(5) }),
  fc.record({ send: queue, group: fc.nat(2), id: fc.nat(10), delay: fc.nat(5) }),
  fc.record({ receive: queue, max: fc.integer({ min: 1, max: 10 }), visibility: fc.nat(20) }),
  fc.record({ receive: queue, max: fc.integer({ min: 1, max: 10 }), visibility: fc.nat(20) }),
  fc.record({ delete: nat }),
  fc.record({ change: nat, seconds: fc.nat(20) }),
  fc.record({ publish: topic, id: fc.nat(10) }),
  fc.record({ purge: queue }),
  fc.record({ drop: queue }),
  fc.record({ move: fc.constantFrom('dead', 'dead.fifo') }),
  fc.record({ archive: fc.boolean() }),
  fc.record({ replay: fc.boolean() }),
  fc.record({ tag: queue, value: fc.string({ maxLength: 3 }) }),
  fc.record({ advance: fc.nat(90_000) }),
);

/** Carries out steps on a written broker; what AWS would refuse is refused. */
class Run {
  private readonly held: Array<{ QueueUrl: string; ReceiptHandle: string }> = [];
  private readonly written: Written;
  private readonly since: number;

  constructor(written: Written) {
    this.written = written;
    this.since = written.core.clock.now();
    written.do(() => this.make());
  }

  make(): void {
    const { core } = this.written;
    core.createQueue('dead');
    core.createQueue('dead.fifo');
    const policy = (name: string) => ({
      Policy: `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*"}}`,
      name,
    });
    core.createQueue('q', { ...core.redriveTo('dead', 2), Policy: policy('q').Policy });
    core.createQueue('q.fifo', { ...core.redriveTo('dead.fifo', 2), Policy: policy('q.fifo').Policy });
    core.subscribe(core.createTopic('t'), 'q');
    core.subscribe(core.createTopic('t.fifo', { ArchivePolicy: '{"MessageRetentionPeriod":"1"}' }), 'q.fifo');
  }

  url(name: string): string {
    return `http://local/000000000000/${name}`;
  }

  step(each: Record<string, unknown>): void {
    this.written.do(() => this.act(each));
  }

  private act(each: Record<string, unknown>): void {
    const { core } = this.written;
    const fifo = (name: unknown): boolean => String(name).endsWith('.fifo');
    const arn = core.broker.topicArn('t.fifo');
    if ('send' in each) {
      const ids = { MessageGroupId: `g${String(each['group'])}`, MessageDeduplicationId: `d${String(each['id'])}` };
      const more = fifo(each['send']) ? ids : { DelaySeconds: each['delay'] };
      const MessageAttributes = { a: { DataType: 'Binary', BinaryValue: 'AAE=' } };
      core.send(this.url(String(each['send'])), `body ${String(each['id'])}`, { ...more, MessageAttributes });
    } else if ('receive' in each) {
      const QueueUrl = this.url(String(each['receive']));
      const more = { MaxNumberOfMessages: each['max'], VisibilityTimeout: each['visibility'] };
      for (const { ReceiptHandle } of core.receive(QueueUrl, more)) this.held.push({ QueueUrl, ReceiptHandle });
    } else if ('delete' in each) {
      const one = this.held[Number(each['delete']) % Math.max(1, this.held.length)];
      if (one) core.delete(one.QueueUrl, one.ReceiptHandle);
    } else if ('change' in each) {
      const one = this.held[Number(each['change']) % Math.max(1, this.held.length)];
      if (one) core.changeVisibility(one.QueueUrl, one.ReceiptHandle, Number(each['seconds']));
    } else if ('publish' in each) {
      const ids = { MessageGroupId: 'g', MessageDeduplicationId: String(each['id']) };
      core.publish(core.broker.topicArn(String(each['publish'])), 'x', fifo(each['publish']) ? ids : {});
    } else if ('purge' in each) core.sqs('PurgeQueue', { QueueUrl: this.url(String(each['purge'])) });
    else if ('drop' in each) {
      core.sqs('DeleteQueue', { QueueUrl: this.url(String(each['drop'])) });
    } else if ('move' in each) {
      core.sqs('StartMessageMoveTask', { SourceArn: core.queueArn(String(each['move'])) });
    } else if ('archive' in each) {
      const AttributeValue = each['archive'] === true ? '{"MessageRetentionPeriod":"2"}' : '{}';
      core.sns('SetTopicAttributes', { TopicArn: arn, AttributeName: 'ArchivePolicy', AttributeValue });
    } else if ('replay' in each) {
      const [subscription] = [...core.broker.subscriptions.values()].filter(({ topicArn }) => topicArn === arn);
      const point = { PointType: 'Timestamp', StartingPoint: new Date(this.since).toISOString() };
      const AttributeValue = each['replay'] === true ? JSON.stringify(point) : '';
      const SubscriptionArn = subscription?.arn ?? '';
      core.sns('SetSubscriptionAttributes', { SubscriptionArn, AttributeName: 'ReplayPolicy', AttributeValue });
    } else if ('tag' in each) {
      core.sqs('TagQueue', { QueueUrl: this.url(String(each['tag'])), Tags: { k: String(each['value']) } });
    } else core.advance(Number(each['advance']));
  }
}

describe('what is written down', () => {
  it('makes the same broker again, whatever was done to it', () => {
    const holds = (): void =>
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), steps => {
          const written = new Written();
          const run = new Run(written);
          for (const each of steps) run.step(each);
          expect(withoutExpired(written.restored())).toEqual(written.expected);
        }),
        { numRuns: 300, seed: 20_260_301 },
      );
    expect(holds).not.toThrow();
  });

  it('forgets what a deleted topic remembers', () => {
    const written = new Written();
    const publish = (): void => {
      const topicArn = written.core.broker.topicArn('t.fifo');
      written.core.publish(topicArn, 'x', { MessageGroupId: 'g', MessageDeduplicationId: 'd' });
    };
    written.do(() => written.core.createTopic('t.fifo'));
    written.do(publish);
    written.do(() => written.core.sns('DeleteTopic', { TopicArn: written.core.broker.topicArn('t.fifo') }));
    written.do(() => written.core.createTopic('t.fifo'));
    expect([...written.records.keys()].filter(key => key.startsWith('published:'))).toEqual([]);
    expect(withoutExpired(written.restored())).toEqual(written.expected);
  });
});

describe('a restored broker', () => {
  it('goes on: handles, leases, delays, deduplication, retention', () => {
    const written = new Written();
    const { core } = written;
    const url = 'http://local/000000000000/q.fifo';
    written.do(() => core.createQueue('q.fifo', { VisibilityTimeout: '60' }));
    written.do(() => core.sendToGroup(url, 'g', '1'));
    written.do(() => core.sendToGroup(url, 'g', '2'));
    let handle = '';
    written.do(() => (handle = core.receiveOne(url).ReceiptHandle));
    core.advance(30 * SECOND);

    const other = new CoreDriver();
    other.clock.advanceTo(core.clock.now());
    restoreRecords(other.broker, written.records);
    expect(other.bodies(url)).toEqual([]);
    other.advance(MINUTE);
    expect(other.bodies(url, { MaxNumberOfMessages: 1 })).toEqual(['1']);
    expect(() => other.delete(url, handle)).toThrow(/expired/);
    const again = { MessageGroupId: 'g', MessageDeduplicationId: 'd1' };
    expect(other.send(url, '1', again).MessageId).toBe(core.send(url, '1', again).MessageId);
    other.advance(5 * DAY);
    expect(other.countsOf(url)).toEqual([0, 0, 0]);
  });

  it('lets a handle of before delete what it is for', () => {
    const written = new Written();
    const { core } = written;
    const url = 'http://local/000000000000/q';
    written.do(() => core.createQueue('q'));
    written.do(() => core.send(url, 'x'));
    let handle = '';
    written.do(() => (handle = core.receiveOne(url).ReceiptHandle));
    const other = new CoreDriver();
    restoreRecords(other.broker, written.records);
    other.delete(url, handle);
    expect(other.countsOf(url)).toEqual([0, 0, 0]);
  });
});
