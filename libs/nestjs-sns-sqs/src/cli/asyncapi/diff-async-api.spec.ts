import { NOTIFICATIONS, USER, USERS } from '../../../test/topology-documents.js';
import type { SchemaDocument, TopologyDocument } from '../../topology/topology-document.js';
import { diffAsyncApi } from './diff-async-api.js';
import { schemaChanges, type Direction } from './schema-changes.js';
import { toAsyncApi } from './to-async-api.js';

const changed = (before: TopologyDocument, change: (copy: TopologyDocument) => void): string[] => {
  const after = structuredClone(before);
  change(after);
  return diffAsyncApi(toAsyncApi(before), toAsyncApi(after)).map(
    ({ isBreaking, where, what }) => `${isBreaking ? '!' : ' '} ${where}: ${what}`,
  );
};

const contract = (document: TopologyDocument) => document.contracts[0];
const registered = (document: TopologyDocument, schema: SchemaDocument): void => {
  contract(document).events[1] = { type: 'user.registered', schema };
};

describe('the difference of two documents', () => {
  it('is nothing for the same app', () => {
    expect(changed(USERS, () => undefined)).toEqual([]);
  });

  it('is breaking where an event is gone, or a field that consumers would miss', () => {
    expect(changed(USERS, after => contract(after).events.pop())).toEqual([
      '! users.user.registered: is not sent any more',
    ]);
    const { email: _, ...properties } = USER.properties;
    expect(changed(USERS, after => registered(after, { ...USER, properties }))).toEqual([
      '! users.user.registered: email is gone',
    ]);
    expect(changed(USERS, after => registered(after, { ...USER, required: ['id'] }))).toEqual([
      '! users.user.registered: email may be absent now',
    ]);
  });

  it('is compatible where an event or a field is new', () => {
    expect(changed(USERS, after => contract(after).events.push({ type: 'user.renamed' }))).toEqual([
      '  users.user.renamed: is new',
    ]);
    const properties = { ...USER.properties, name: { type: 'string' } };
    expect(
      changed(USERS, after => registered(after, { ...USER, properties, required: ['id', 'email', 'name'] })),
    ).toEqual(['  users.user.registered: name is new']);
  });

  it('is breaking where a command needs more, or is not taken any more', () => {
    const command = (after: TopologyDocument, schema: SchemaDocument | undefined): void => {
      const handlers = after.services[0]?.queues[0]?.handlers ?? [];
      if (schema === undefined) handlers.pop();
      else handlers[1] = { pattern: 'deactivate-user', kind: 'command', schema };
    };
    const schema = {
      type: 'object',
      properties: { id: { type: 'string' }, why: { type: 'string' } },
      required: ['id', 'why'],
    };
    expect(changed(USERS, after => command(after, schema))).toEqual([
      '! users.deactivate-user: why is new and required',
    ]);
    expect(changed(USERS, after => command(after, undefined))).toEqual([
      '! users.deactivate-user: is not taken any more',
    ]);
  });

  it('is breaking where a filter is narrower, or an event goes to another topic', () => {
    expect(
      changed(NOTIFICATIONS, after => {
        const [queue] = after.services[0]?.queues ?? [];
        queue?.subscriptions[0]?.types.pop();
        queue?.handlers.pop();
      }),
    ).toEqual([
      '! dev-send-email-on-user-registered: takes user.renamed of dev-users-domain-events no more: its filter is narrower',
      '  users.user.renamed: has no use case any more',
    ]);
    expect(changed(USERS, after => Object.assign(after.publishers[0] ?? {}, { topic: 'other' }))).toContain(
      '! users.user.registered: is sent to other and no longer to dev-users-domain-events',
    );
  });
});

describe('schemaChanges', () => {
  const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });
  const of = (before: object, after: object, direction: Direction): string[] =>
    schemaChanges(
      { schema: before as never, root: before as never },
      { schema: after as never, root: after as never },
      direction,
    ).map(({ isBreaking, path, what }) => `${isBreaking ? '!' : ' '}${path} ${what}`);

  it.each<[string, object, object, string[], string[]]>([
    ['a wider type', { type: 'integer' }, { type: 'number' }, ['! may be number now'], []],
    ['a narrower type', { type: 'number' }, { type: 'integer' }, [], ['! may not be number any more']],
    ['another type', { type: 'string' }, { type: 'number' }, ['! may be number now'], ['! may not be string any more']],
    ['null', { type: 'string' }, { type: ['string', 'null'] }, ['! may be null now'], []],
    ['a new value', { enum: ['a'] }, { enum: ['a', 'b'] }, ['! may be "b" now'], []],
    ['a value less', { enum: ['a', 'b'] }, { const: 'a' }, [], ['! may not be "b" any more']],
    ['a text for values', { type: 'string', enum: ['a'] }, { type: 'string' }, ['! may be any value now'], []],
    ['a bound', { type: 'string' }, { type: 'string', maxLength: 5 }, [], ['! maxLength is tighter']],
    ['a bound less', { type: 'number', minimum: 1 }, { type: 'number' }, [], []],
    [
      'an item',
      { type: 'array', items: { type: 'string' } },
      { type: 'array', items: { type: 'number' } },
      ['![] may be number now'],
      ['![] may not be string any more'],
    ],
    ['a field within', object({ a: object({ b: {} }) }), object({ a: object({}) }), ['!a.b is gone'], [' a.b is gone']],
    [
      'a closed object',
      object({ a: {} }),
      object({}, { additionalProperties: false }),
      ['!a is gone'],
      ['!a is refused now'],
    ],
    [
      'another form',
      { anyOf: [{ type: 'string' }] },
      { anyOf: [{ type: 'string' }, { type: 'null' }] },
      ['! may have another form now'],
      [],
    ],
    [
      'the same with other names',
      { $ref: '#/$defs/A', $defs: { A: { type: 'string' } } },
      { $ref: '#/$defs/B', $defs: { B: { type: 'string' } } },
      [],
      [],
    ],
    ['order', object({ a: {}, b: {} }), object({ b: {}, a: {} }), [], []],
  ])('of %s', (_, before, after, sent, taken) => {
    expect([of(before, after, 'out'), of(before, after, 'in')]).toEqual([sent, taken]);
  });

  it('ends on a schema that contains itself, and sees through it', () => {
    const self = { $ref: '#/$defs/T' };
    const tree = (type: string) => ({ ...self, $defs: { T: object({ a: self, b: self, c: self, name: { type } }) } });
    expect(of(tree('string'), tree('number'), 'out')).toEqual(['!name may be number now']);
    expect(of(tree('string'), tree('string'), 'out')).toEqual([]);
  });
});
