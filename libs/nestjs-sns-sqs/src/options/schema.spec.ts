import { z as zod } from 'zod';
import { z } from './schema.js';

class Money {}

/** Everything that a user may write where something else is expected. */
const VALUES: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  '',
  'a',
  'create',
  'a'.repeat(30),
  'https://sqs.eu-west-1.amazonaws.com/1/q',
  'ftp://x/y',
  'no url',
  0,
  -1,
  1,
  1.5,
  5,
  1_000,
  2 ** 60,
  NaN,
  Infinity,
  -Infinity,
  10n,
  Symbol('s'),
  () => 1,
  [],
  [1],
  ['a', 5],
  {},
  { n: 1 },
  { n: 'x', m: 5 },
  { n: 1, other: 2 },
  { n: { n: 1, deep: 3 }, inner: { a: 1, b: 2 } },
  new Money(),
  new Date(0),
  new Map(),
];

const isFn = (value: unknown): boolean => typeof value === 'function';

const PAIRS = {
  string: [z.string(), zod.string()],
  'string with bounds': [z.string().min(1).max(20), zod.string().min(1).max(20)],
  'string with a pattern': [z.string().regex(/^a+$/, 'expected a'), zod.string().regex(/^a+$/, 'expected a')],
  number: [z.number(), zod.number()],
  'number with bounds': [z.number().min(1).max(100), zod.number().min(1).max(100)],
  'number with bounds that both fail': [z.number().min(2).max(0), zod.number().min(2).max(0)],
  'number above a bound': [z.number().gt(1), zod.number().gt(1)],
  'number with words of its own': [z.number().min(2, 'expected two'), zod.number().min(2, 'expected two')],
  boolean: [z.boolean(), zod.boolean()],
  symbol: [z.symbol(), zod.symbol()],
  enum: [z.enum(['create', 'off']), zod.enum(['create', 'off'])],
  url: [z.url(/^https?$/), zod.url({ protocol: /^https?$/ })],
  custom: [z.custom(isFn, 'expected a function'), zod.custom(isFn, 'expected a function')],
  instanceof: [z.instanceof(Date), zod.instanceof(Date)],
  array: [z.array(z.string()), zod.array(zod.string())],
  optional: [z.number().min(5).optional(), zod.number().min(5).optional()],
  record: [z.record(z.number().min(2)), zod.record(zod.string(), zod.number().min(2))],
  object: [z.object({ n: z.number() }), zod.object({ n: zod.number() })],
  'strict object': [z.strictObject({ m: z.number().optional() }), zod.strictObject({ m: zod.number().optional() })],
  'object of objects': [
    z.object({ n: z.object({ n: z.string() }).optional() }),
    zod.object({ n: zod.object({ n: zod.string() }).optional() }),
  ],
  prepared: [
    z.prepared(value => (value === false ? undefined : value), z.number().optional()),
    zod.preprocess(value => (value === false ? undefined : value), zod.number().optional()),
  ],
} as const;

describe('a schema', () => {
  it.each(Object.entries(PAIRS))('%s: finds and says what zod does', (_, [own, theirs]) => {
    for (const value of VALUES) {
      // A function has a length, of which zod complains beside its kind.
      const expected = (theirs.safeParse(value).error?.issues ?? []).slice(
        0,
        isFn(value) || Array.isArray(value) ? 1 : undefined,
      );
      expect({ value, issues: own.issuesOf(value).map(({ path, message }) => ({ path, message })) }).toEqual({
        value,
        issues: expected.map(({ path, message }) => ({ path: path.map(String), message })),
      });
    }
  });

  it('whole numbers: what cannot be counted exactly is none', () => {
    const whole = z.number().int().min(1).max(5);
    expect(whole.issuesOf(5)).toEqual([]);
    for (const value of [1.5, 2 ** 53]) {
      expect(whole.issuesOf(value)).toEqual([{ path: [], message: 'Invalid input: expected int, received number' }]);
    }
    expect(whole.issuesOf(6)).toEqual([{ path: [], message: 'Too big: expected number to be <=5' }]);
  });

  it('names unknown names behind everything else, each object its own', () => {
    const schema = z.strictObject({ a: z.number(), b: z.strictObject({ c: z.number() }).optional() });
    expect(schema.issuesOf({ x: 1, a: 'a', b: { c: 1, y: undefined } })).toEqual([
      { path: ['a'], message: 'Invalid input: expected number, received string' },
      { path: ['b'], message: 'Unrecognized key: "y"', unknownNames: ['y'] },
      { path: [], message: 'Unrecognized key: "x"', unknownNames: ['x'] },
    ]);
    expect(schema.issuesOf(JSON.parse('{"a":1,"__proto__":{}}'))).toMatchObject([{ unknownNames: ['__proto__'] }]);
  });

  it('looks at what is beyond the kinds only where the kinds are right', () => {
    const find = ({ a }: { a: number }) => (a > 1 ? [{ path: ['a'], message: 'too much' }] : []);
    const schema = z.object({ o: z.object({ a: z.number() }).refine(find).optional() });
    expect(schema.issuesOf({ o: { a: 2 } })).toEqual([{ path: ['o', 'a'], message: 'too much' }]);
    expect(schema.issuesOf({ o: { a: 1 } })).toEqual([]);
    expect(schema.issuesOf({})).toEqual([]);
    expect(schema.issuesOf({ o: { a: 'x' } })).toHaveLength(1);
  });

  it('is not changed by a rule that is added', () => {
    const number = z.number();
    number.min(5);
    expect(number.issuesOf(1)).toEqual([]);
  });
});
