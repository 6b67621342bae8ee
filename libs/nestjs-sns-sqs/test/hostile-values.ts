import { runInNewContext } from 'node:vm';

const refuse = (): never => {
  throw new Error('reading this throws');
};

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const withGetters = (target: object): object =>
  Object.defineProperties(
    target,
    Object.fromEntries(
      ['message', 'name', 'stack', 'cause', 'code', 'facts', 'getStatus', 'getResponse', 'seconds', 'errors'].map(
        key => [key, { get: refuse }],
      ),
    ),
  );

function circular(): Error {
  const error = new Error('round');
  return Object.assign(error, { cause: error, errors: [error] });
}

const all = new Proxy({}, Object.fromEntries(Reflect.ownKeys(Reflect).map(trap => [trap, refuse])));

const withThen = Object.defineProperty({}, String('then'), { get: refuse });

/** What JavaScript lets user code throw, and what few readers of errors expect. By name. */
export const hostileValues = (): Array<[string, unknown]> => [
  ['a list for a message', Object.assign(new Error('x'), { message: ['a'] })],
  ['no message', Object.assign(new Error('x'), { message: undefined })],
  ['a symbol for a message', Object.assign(new Error('x'), { message: Symbol('x') })],
  ['an object without a prototype for a message', Object.assign(new Error('x'), { message: Object.create(null) })],
  ['a number for a name', Object.assign(new Error('x'), { name: 7 })],
  ['a symbol for a name and a stack', Object.assign(new Error('x'), { name: Symbol('n'), stack: Symbol('s') })],
  ['a list for a stack', Object.assign(new Error('x'), { stack: ['a'] })],
  ['a huge message', new Error('x'.repeat(3_000_000))],
  ['half an emoji', new Error('\uD83D')],
  ['getters that throw', withGetters(new Error('x'))],
  ['an object whose getters throw', withGetters({})],
  ['a revoked proxy', revoked({})],
  ['a revoked proxy of an error', revoked(new Error('x'))],
  ['a revoked proxy of a function', revoked(refuse)],
  ['a proxy whose traps all throw', all],
  ['a list of errors that is a revoked proxy', Object.assign(new AggregateError([], ''), { errors: revoked([]) })],
  ['an error of another realm', runInNewContext('new TypeError("far")')],
  ['an object without a prototype', Object.create(null)],
  ['a circle of causes', circular()],
  ['an object that refuses to be JSON or text', { toJSON: refuse, toString: refuse, [Symbol.toPrimitive]: refuse }],
  ['a bigint', 1n],
  ['a symbol', Symbol('thrown')],
  ['an empty text', ''],
  ['undefined', undefined],
  ['null', null],
  ['NaN', Number.NaN],
  ['a function', refuse],
  ['a class', class Thrown {}],
  ['a thenable that throws', withThen],
  ['an observable that throws when it is looked at', Object.defineProperty({}, 'lift', { get: refuse })],
  ['an observable that cannot be subscribed to', { lift: refuse, subscribe: refuse }],
  ['a forged outcome', { [Symbol.for('nestjs-sns-sqs.outcome')]: 'retry-later', seconds: Number.NaN }],
  ['a forged HttpException', { getStatus: refuse, getResponse: refuse }],
  ['an HttpException with a circle', { getStatus: () => 400, getResponse: circular }],
];
