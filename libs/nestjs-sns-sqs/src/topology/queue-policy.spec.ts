import { planPolicy, recordedSubscriptions } from './queue-policy.js';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:q';
const USERS = 'arn:aws:sns:us-east-1:000000000000:users';
const ORDERS = 'arn:aws:sns:us-east-1:000000000000:orders';
const NONE = new Map<string, string>();
const foreign = { Sid: 'ops', Effect: 'Allow', Principal: '*', Action: 'sqs:*', Resource: QUEUE };

const statementsOf = (policy: string): Array<Record<string, unknown>> =>
  (JSON.parse(policy) as { Statement: Array<Record<string, unknown>> }).Statement;

describe('planPolicy', () => {
  it('lets all topics in by one statement', () => {
    const { policy, differs } = planPolicy(undefined, QUEUE, [USERS, ORDERS], NONE);
    expect(differs).toBe(true);
    expect(statementsOf(policy)).toEqual([
      {
        Sid: 'nestjs-sns-sqs',
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: QUEUE,
        Condition: {
          ArnEquals: { 'aws:SourceArn': [ORDERS, USERS] },
          BoolIfExists: { 'aws:SecureTransport': 'true' },
        },
      },
    ]);
  });

  it('leaves the statements of others as they are, and the version of the document', () => {
    const found = JSON.stringify({ Version: '2008-10-17', Id: 'x', Statement: [foreign] });
    const { policy } = planPolicy(found, QUEUE, [USERS], NONE);
    expect(JSON.parse(policy)).toMatchObject({ Version: '2008-10-17', Id: 'x' });
    expect(statementsOf(policy)[0]).toEqual(foreign);
    expect(statementsOf(policy)).toHaveLength(2);
  });

  it('takes a lone statement that is no list', () => {
    const { policy } = planPolicy(JSON.stringify({ Statement: foreign }), QUEUE, [USERS], NONE);
    expect(statementsOf(policy)).toHaveLength(2);
  });

  it('finds nothing to do in what it has written', () => {
    const ids = new Map([[USERS, 'id-1']]);
    const written = planPolicy(undefined, QUEUE, [USERS], ids).policy;
    expect(planPolicy(written, QUEUE, [USERS], ids)).toMatchObject({ differs: false, remembersLess: false });
  });

  it('sees that a topic is new, or gone', () => {
    const written = planPolicy(undefined, QUEUE, [USERS], NONE).policy;
    expect(planPolicy(written, QUEUE, [USERS, ORDERS], NONE).differs).toBe(true);
    expect(planPolicy(written, QUEUE, [], NONE)).toMatchObject({
      differs: true,
      policy: expect.stringContaining('[]') as string,
    });
  });

  it('wants nothing where no topic delivers', () => {
    expect(planPolicy(undefined, QUEUE, [], NONE)).toMatchObject({ differs: false, remembersLess: false });
  });

  it('sees that subscriptions are not remembered yet, which is no difference of rights', () => {
    const written = planPolicy(undefined, QUEUE, [USERS], NONE).policy;
    const plan = planPolicy(written, QUEUE, [USERS], new Map([[USERS, 'id-1']]));
    expect(plan).toMatchObject({ differs: false, remembersLess: true });
  });
});

describe('recordedSubscriptions', () => {
  it('gives back which subscription belongs to which topic', () => {
    const ids = new Map([
      [USERS, 'id-of-users'],
      [ORDERS, 'id-of-orders'],
    ]);
    const { policy } = planPolicy(undefined, QUEUE, [USERS, ORDERS], ids);
    expect(Object.fromEntries(recordedSubscriptions(policy))).toEqual(Object.fromEntries(ids));
  });

  it('knows nothing without a statement of ours, or with one that tells too little', () => {
    expect(recordedSubscriptions(undefined).size).toBe(0);
    expect(recordedSubscriptions(JSON.stringify({ Statement: [foreign] })).size).toBe(0);
    const { policy } = planPolicy(undefined, QUEUE, [USERS, ORDERS], new Map([[USERS, 'id']]));
    expect(recordedSubscriptions(policy).size).toBe(0);
  });
});
