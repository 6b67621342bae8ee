import type { QueueDocument, TopologyDocument } from '../src/topology/topology-document.js';

export const USER = {
  type: 'object',
  properties: { id: { type: 'string' }, email: { type: 'string', format: 'email' }, age: { type: 'integer' } },
  required: ['id', 'email'],
  additionalProperties: false,
};

export const queueDocument = (changes: Partial<QueueDocument> & { name: string }): QueueDocument => ({
  fifo: false,
  deadLetterQueue: `${changes.name}-dlq`,
  visibilityTimeoutSeconds: 30,
  retentionSeconds: 1_209_600,
  ordering: 'none',
  formerly: [],
  subscriptions: [],
  handlers: [],
  settings: {
    concurrency: 10,
    handlerTimeoutMs: 300_000,
    maxReceiveCount: 5,
    backoff: { initialSeconds: 2, factor: 8, maxSeconds: 1_800 },
    retryLaterForSeconds: 43_200,
    unknownTypeGraceSeconds: 900,
    inbox: true,
  },
  ...changes,
});

/** `users` publishes events, takes a command and answers a request. */
export const USERS: TopologyDocument = {
  format: 'nestjs-sns-sqs/topology',
  version: 1,
  services: [
    {
      service: 'users',
      prefix: 'dev-',
      provisioning: 'create',
      formerly: [],
      inbox: 'none',
      queues: [
        queueDocument({
          name: 'dev-users-async-commands.fifo',
          fifo: true,
          deadLetterQueue: 'dev-users-async-commands-dlq.fifo',
          handlers: [
            { pattern: 'count-users', kind: 'request', schema: true, replySchema: { type: 'integer' } },
            {
              pattern: 'deactivate-user',
              kind: 'command',
              schema: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
            },
          ],
        }),
      ],
    },
  ],
  publishers: [{ service: 'users', topic: 'dev-users-domain-events', provisioning: 'create' }],
  senders: [],
  contracts: [
    {
      service: 'users',
      events: [{ type: 'user.deleted' }, { type: 'user.registered', schema: USER }],
      commands: [
        {
          type: 'deactivate-user',
          schema: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
        },
      ],
      requests: [{ type: 'count-users', schema: true, replySchema: { type: 'integer' } }],
    },
  ],
};

/** `notifications` has a use case for an event of `users`, and sends it a command. */
export const NOTIFICATIONS: TopologyDocument = {
  ...USERS,
  services: [
    {
      service: 'notifications',
      prefix: 'dev-',
      provisioning: 'create',
      formerly: [],
      inbox: 'shared',
      queues: [
        queueDocument({
          name: 'dev-send-email-on-user-registered',
          subscriptions: [{ topic: 'dev-users-domain-events', types: ['user.registered', 'user.renamed'] }],
          handlers: [
            { pattern: 'user.registered', kind: 'event', topic: 'dev-users-domain-events', schema: USER },
            { pattern: 'user.renamed', kind: 'event', topic: 'dev-users-domain-events' },
          ],
        }),
      ],
    },
  ],
  publishers: [],
  senders: [{ service: 'users', queue: 'dev-users-async-commands.fifo', provisioning: 'create' }],
};
