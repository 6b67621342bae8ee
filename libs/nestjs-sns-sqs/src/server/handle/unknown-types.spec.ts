import type { MessageHandler } from '@nestjs/microservices';
import { Delivery } from '../delivery.js';
import { AttemptCounter } from './attempt-counter.js';
import { HandlerRegistry } from './handler-registry.js';
import { UnknownTypes, type UnknownTypesOptions } from './unknown-types.js';

const handler: MessageHandler = () => Promise.resolve();
const backoff = { initialSeconds: 1, factor: 1, maxSeconds: 1 };

function unknownTypes(pattern: string, changes: Partial<UnknownTypesOptions> = {}) {
  let now = 0;
  const subject = new UnknownTypes({
    queueName: 'q',
    handlers: new HandlerRegistry([{ pattern, queue: 'q', subscribed: true, handler }]),
    decode: ({ Body = '' }) => ({ metadata: { id: '1', source: 's', type: Body }, data: undefined }),
    rules: { unknownTypeGraceSeconds: 900 },
    attempts: new AttemptCounter({ fifo: false, rules: { maxReceiveCount: 5, backoff }, now: () => now }),
    ...changes,
  });
  return { subject, pass: (seconds: number) => void (now += seconds * 1000) };
}
const of = (type: string) => new Delivery({ MessageId: type, Body: type }, 0, 0);

describe('UnknownTypes', () => {
  it('leaves to its handler what has one', () => {
    expect(unknownTypes('user.*').subject.verdictOn(of('user.registered'))).toBeUndefined();
  });

  it('returns what another version may handle, less and less often, until its grace is over', () => {
    const { subject, pass } = unknownTypes('user.registered');
    const message = of('user.renamed');
    expect(subject.verdictOn(message)).toEqual({ kind: 'wait', why: 'unknown-type', seconds: 1 });
    pass(20);
    expect(subject.verdictOn(message)).toEqual({ kind: 'wait', why: 'unknown-type', seconds: 2 });
    pass(879);
    expect(subject.verdictOn(message)).toMatchObject({ kind: 'wait', seconds: 30 });
    pass(1);
    expect(subject.verdictOn(message)).toMatchObject({ kind: 'failed', error: { code: 'NO_HANDLER' } });
    expect(subject.verdictOn(of('user.other'))).toMatchObject({ kind: 'wait' });
  });

  it('asks what any version ever wanted, where SNS cannot filter exactly', async () => {
    const asked: Array<[string, number]> = [];
    const { subject } = unknownTypes('order.*.failed', {
      recordedTypes: {
        isWanted: async (type, receivedAt) => {
          asked.push([type, receivedAt]);
          return type === 'order.paid';
        },
      },
    });
    const verdict = await subject.verdictOn(of('order.paid'));
    expect(verdict).toMatchObject({ kind: 'undecided' });
    expect(await (verdict as { isWanted: Promise<boolean> }).isWanted).toBe(true);
    expect(asked).toEqual([['order.paid', 0]]);
  });

  it('deletes there what nobody can be asked about', () => {
    const verdict = unknownTypes('order.*.failed').subject.verdictOn(of('order.paid'));
    expect(verdict).toEqual({ kind: 'delete', skipped: 'unwanted' });
  });

  it('has nothing to say of a request, nor of a body that cannot be read', async () => {
    expect(unknownTypes('a', { isRequest: () => true }).subject.verdictOn(of('b'))).toBeUndefined();
    const decode = (): never => {
      throw new Error('no JSON');
    };
    expect(await unknownTypes('a', { decode }).subject.verdictOn(of('b'))).toBeUndefined();
  });

  it('waits for a deserializer of the user', async () => {
    const decode = async () => ({ metadata: { id: '1', source: 's', type: 'b' }, data: undefined });
    expect(await unknownTypes('a', { decode }).subject.verdictOn(of('b'))).toMatchObject({ why: 'unknown-type' });
  });
});
