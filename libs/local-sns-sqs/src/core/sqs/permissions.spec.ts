import { Broker } from '../broker.js';
import type { Input } from '../input.js';
import type { Call, Output } from '../operation.js';
import { VirtualClock } from '../virtual-clock.js';
import { SQS_OPERATIONS } from './operations.js';

const CALL: Call = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const add = { Label: 'shop', AWSAccountIds: ['111111111111'], Actions: ['SendMessage'] };

function rig(attributes: Input = {}) {
  const broker = new Broker({ clock: new VirtualClock(), seed: 1, region: 'us-east-1', accountId: '000000000000' });
  const run = (operation: string, input: Input = {}): Output =>
    SQS_OPERATIONS.get(operation)?.(broker, { QueueUrl: 'http://local/000000000000/q', ...input }, CALL) as Output;
  run('CreateQueue', { QueueName: 'q', Attributes: attributes });
  const statements = (): Input[] => {
    const policy = broker.queues.get('q')?.attributes.get('Policy');
    return policy === undefined ? [] : (JSON.parse(policy) as { Statement: Input[] }).Statement;
  };
  return { run, statements };
}

const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('AddPermission (AddPermission API)', () => {
  it("writes a statement into the queue's policy, under its label", () => {
    const { run, statements } = rig();
    run('AddPermission', add);
    expect(statements()).toEqual([
      {
        Sid: 'shop',
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111111111111:root' },
        Action: 'SQS:SendMessage',
        Resource: 'arn:aws:sqs:us-east-1:000000000000:q',
      },
    ]);
  });

  it('leaves the statements of others as they are', () => {
    const foreign = { Sid: 'ops', Effect: 'Allow', Principal: '*', Action: 'sqs:*' };
    const { run, statements } = rig({ Policy: JSON.stringify({ Statement: foreign }) });
    run('AddPermission', add);
    expect(statements()).toEqual([foreign, expect.objectContaining({ Sid: 'shop' })]);
  });

  it.each([
    ['no account', { AWSAccountIds: [] }, 'MissingParameter'],
    ['no action', { Actions: [] }, 'MissingParameter'],
    ['an account that is none', { AWSAccountIds: ['me'] }, 'InvalidParameterValue'],
    ['an action that is none', { Actions: ['EatMessage'] }, 'InvalidParameterValue'],
    ['a label with a blank', { Label: 'a b' }, 'InvalidParameterValue'],
    ['eight actions', { Actions: Array(8).fill('SendMessage') }, 'OverLimit'],
  ])('refuses %s', (_, change, code) => {
    expect(() => rig().run('AddPermission', { ...add, ...change })).toThrow(refusal(code));
  });

  it('takes the name of any action that is not for the owner alone', () => {
    const ownerOnly = /^(Add|Remove)Permission$|MoveTasks?$|^(Create|Delete|Tag|Untag)Queue$|^SetQueue|^ListQueue/;
    for (const action of [...SQS_OPERATIONS.keys(), '*'].filter(name => !ownerOnly.test(name))) {
      expect(() => rig().run('AddPermission', { ...add, Actions: [action] })).not.toThrow();
    }
  });

  it('refuses a label twice, and a twenty-first statement', () => {
    const { run } = rig();
    for (let index = 0; index < 20; index += 1) run('AddPermission', { ...add, Label: `label-${index}` });
    expect(() => run('AddPermission', { ...add, Label: 'label-0' })).toThrow(refusal('InvalidParameterValue'));
    expect(() => run('AddPermission', add)).toThrow(refusal('OverLimit'));
  });
});

describe('RemovePermission (RemovePermission API)', () => {
  it('takes the statement of its label away, and the policy with the last', () => {
    const { run, statements } = rig();
    run('AddPermission', add);
    run('AddPermission', { ...add, Label: 'other' });
    run('RemovePermission', { Label: 'shop' });
    expect(statements()).toMatchObject([{ Sid: 'other' }]);
    run('RemovePermission', { Label: 'other' });
    expect(run('GetQueueAttributes', { AttributeNames: ['Policy'] })).toEqual({});
  });

  it('refuses a label that it does not find', () => {
    expect(() => rig().run('RemovePermission', { Label: 'shop' })).toThrow(refusal('InvalidParameterValue'));
  });
});
