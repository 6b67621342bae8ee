import { NOTIFICATIONS, USER, USERS } from '../../../test/topology-documents.js';
import { toAsyncApi } from './to-async-api.js';

describe('the AsyncAPI document of an app', () => {
  const users = toAsyncApi(USERS, { version: '2.1.0' });
  const notifications = toAsyncApi(NOTIFICATIONS);

  it('has what the app publishes, with the schemas of its contract', () => {
    expect(users.info).toMatchObject({ title: 'users', version: '2.1.0' });
    expect(users.channels['dev-users-domain-events']).toMatchObject({
      address: 'dev-users-domain-events',
      bindings: { sns: { name: 'dev-users-domain-events' } },
      messages: {
        'users.user.registered': { $ref: '#/components/messages/users.user.registered' },
        'users.user.deleted': {},
      },
    });
    expect(users.operations['send.dev-users-domain-events']).toMatchObject({
      action: 'send',
      messages: [
        { $ref: '#/channels/dev-users-domain-events/messages/users.user.deleted' },
        { $ref: '#/channels/dev-users-domain-events/messages/users.user.registered' },
      ],
    });
    expect(users.components.schemas['users.user.registered']).toEqual(USER);
    expect(users.components.schemas['users.user.deleted']).toEqual({
      description: expect.stringContaining('type only') as string,
    });
  });

  it('has the envelope around each payload, as a trait and a schema', () => {
    const message = users.components.messages['users.user.registered'];
    expect(message).toMatchObject({
      name: 'user.registered',
      traits: [{ $ref: '#/components/messageTraits/CloudEvent' }],
      payload: {
        allOf: [
          { $ref: '#/components/schemas/CloudEvent' },
          {
            properties: {
              type: { const: 'user.registered' },
              data: { $ref: '#/components/schemas/users.user.registered' },
            },
          },
        ],
      },
    });
    expect(users.components.messageTraits['CloudEvent']).toMatchObject({ contentType: 'application/cloudevents+json' });
  });

  it('has commands, and requests with their replies', () => {
    expect(users.operations['receive.dev-users-async-commands.fifo']).toMatchObject({
      action: 'receive',
      messages: [{ $ref: expect.stringContaining('deactivate-user') as string }],
    });
    expect(users.operations['receive.dev-users-async-commands.fifo.count-users']).toMatchObject({
      reply: { channel: { $ref: '#/channels/users-replies' }, messages: [{}] },
    });
    expect(users.channels['users-replies']).toMatchObject({ address: null });
    expect(users.channels['dev-users-async-commands.fifo']).toMatchObject({
      bindings: { sqs: { queue: { fifoQueue: true }, deadLetterQueue: { name: 'dev-users-async-commands-dlq.fifo' } } },
    });
  });

  it('has use cases, with the filters of their subscriptions, and what the app sends to others', () => {
    expect(notifications.channels['dev-send-email-on-user-registered']).toMatchObject({
      'x-nestjs-sns-sqs': {
        service: 'notifications',
        kind: 'use-case',
        subscriptions: [{ types: ['user.registered', 'user.renamed'] }],
      },
    });
    expect(notifications.operations['receive.dev-send-email-on-user-registered']?.messages).toHaveLength(2);
    expect(Object.keys(notifications.operations)).toEqual([
      'receive.dev-send-email-on-user-registered',
      'send.dev-users-async-commands.fifo',
      'send.dev-users-async-commands.fifo.count-users',
    ]);
  });

  it('has references within a schema lead to where the schema stands', () => {
    const schema = { $ref: '#/$defs/Tree', $defs: { Tree: { type: 'array', items: { $ref: '#/$defs/Tree' } } } };
    const topology = {
      ...USERS,
      contracts: [{ service: 'users', events: [{ type: 'grown', schema }], commands: [], requests: [] }],
    };
    const place = '#/components/schemas/users.grown/$defs/Tree';
    expect(toAsyncApi(topology).components.schemas['users.grown']).toMatchObject({
      $ref: place,
      $defs: { Tree: { items: { $ref: place } } },
    });
  });

  it('is the same each time, and every reference leads somewhere', () => {
    for (const [topology, document] of [
      [USERS, users],
      [NOTIFICATIONS, notifications],
    ] as const) {
      const again = toAsyncApi(topology, { version: document.info.version });
      expect(JSON.stringify(again)).toBe(JSON.stringify(document));
      for (const [, pointer] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
        const target = (pointer ?? '')
          .split('/')
          .reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], document);
        expect([pointer, typeof target]).toEqual([pointer, 'object']);
      }
    }
  });
});
