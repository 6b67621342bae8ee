import { documentWith, queueWith } from '../../test/document-with.js';
import { checkTogether } from './check-together.js';
import type { ContractDocument, TopologyDocument } from './topology-document.js';

const schema = (required: string[]) => ({ type: 'object', required });
const contract = (given: Partial<ContractDocument> = {}): ContractDocument => ({
  service: 'users',
  events: [{ type: 'user.registered', schema: schema(['id']) }],
  commands: [],
  requests: [],
  ...given,
});
const users = (given: Partial<TopologyDocument> = {}, ...contracts: ContractDocument[]): TopologyDocument => ({
  ...documentWith({
    service: 'users',
    queues: [queueWith({ name: 'users-async-commands.fifo', handlers: [{ pattern: 'deactivate', kind: 'command' }] })],
    publishers: [{ service: 'users', topic: 'users-domain-events', provisioning: 'create' }],
    contracts,
  }),
  ...given,
});
const check = (first: TopologyDocument, ...others: TopologyDocument[]) =>
  checkTogether([
    { file: 'users.json', document: first },
    ...others.map((document, at) => ({ file: `other-${at}.json`, document })),
  ]).map(({ kind, text }) => `${kind}: ${text}`);

describe('several apps together', () => {
  it('fit when each event is taken, each topic published and each command handled', () => {
    const own = contract({ commands: [{ type: 'deactivate' }] });
    const other = documentWith({
      contracts: [contract()],
      senders: [{ service: 'users', queue: 'users-async-commands.fifo', provisioning: 'create' }],
    });
    expect(check(users({}, own), other)).toEqual([]);
  });

  it('do not fit when nobody publishes to a topic', () => {
    expect(check(documentWith({}))).toEqual([
      'no-publisher: mail of notifications is subscribed to users-domain-events, and no app publishes to it',
    ]);
  });

  it('do not fit when an event of a contract is taken by nobody, or a type is taken that the contract does not have', () => {
    const own = contract({ events: [{ type: 'user.deleted' }] });
    expect(check(users({}, own), documentWith({}))).toEqual([
      'no-subscriber: user.deleted of users: no app takes this event',
      'unknown-type: mail of notifications takes user.registered, and the contract of users has no such event',
    ]);
  });

  it('a pattern takes what it means', () => {
    const all = [{ topic: 'users-domain-events', types: ['user.*'] }];
    expect(check(users({}, contract()), documentWith({ queues: [queueWith({ subscriptions: all })] }))).toEqual([]);
  });

  it('do not fit when commands go to a queue that nobody reads, as by a misspelt name', () => {
    const senders = [{ service: 'user', queue: 'user-async-commands.fifo', provisioning: 'create' as const }];
    expect(check(users(), documentWith({ senders }))).toEqual([
      'no-reader: other-0.json sends to user-async-commands.fifo, and no app takes messages from it',
    ]);
  });

  it('do not fit when a service has no handler for a command of its contract', () => {
    const own = contract({ events: [], commands: [{ type: 'rename' }], requests: [{ type: 'count' }] });
    expect(check(users({}, own), documentWith({}))).toEqual([
      'unhandled-command: rename of users: the contract has this command, and users has no handler for it',
      'unhandled-command: count of users: the contract has this request, and users has no handler for it',
    ]);
  });

  it('do not fit when they have different copies of a contract; what has no schema says nothing', () => {
    const older = (events: ContractDocument['events']) => documentWith({ contracts: [contract({ events })] });
    const differing = older([{ type: 'user.registered', schema: schema(['name']) }, { type: 'user.left' }]);
    expect(check(users({}, contract()), differing)).toEqual([
      expect.stringMatching(/^contract-differs: .* other-0\.json .* the schemas of user\.registered differ/),
      expect.stringMatching(/^contract-differs: .*: user\.left is not in the latter/),
    ]);
    expect(check(users({}, contract()), older([{ type: 'user.registered' }]))).toEqual([]);
    expect(check(users({}, contract()), older([{ type: 'user.registered', schema: true }]))).toEqual([]);
  });

  it('do not fit when two services take from one queue', () => {
    const publishers = users().publishers;
    expect(check(documentWith({ publishers }), documentWith({ service: 'audit' }))).toEqual([
      expect.stringMatching(/^queue-shared: notifications and audit take messages from the same queue mail/),
    ]);
  });
});
