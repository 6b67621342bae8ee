import { admittedTopics, planPolicy, policyWith, recordedSubscriptions } from './queue-policy.js';

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

  it('lets a new topic in beside those that another version needs', () => {
    const written = planPolicy(undefined, QUEUE, [USERS], new Map([[USERS, 'id-1']])).policy;
    const plan = planPolicy(written, QUEUE, [ORDERS], NONE);
    expect(plan.differs).toBe(true);
    expect(admittedTopics(plan.policy)).toEqual([ORDERS, USERS]);
    expect(Object.fromEntries(recordedSubscriptions(plan.policy, QUEUE))).toEqual({ [USERS]: 'id-1' });
    expect(planPolicy(plan.policy, QUEUE, [USERS], NONE)).toMatchObject({ differs: false, remembersLess: false });
    expect(planPolicy(plan.policy, QUEUE, [], NONE)).toMatchObject({ differs: false, remembersLess: false });
  });

  it('makes one statement of several that are ours', () => {
    const one = statementsOf(planPolicy(undefined, QUEUE, [USERS], NONE).policy);
    const two = statementsOf(planPolicy(undefined, QUEUE, [ORDERS], NONE).policy);
    const { policy } = planPolicy(JSON.stringify({ Statement: [...one, ...two] }), QUEUE, [], NONE);
    expect(statementsOf(policy)).toHaveLength(1);
    expect(admittedTopics(policy)).toEqual([ORDERS, USERS]);
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

describe('policyWith', () => {
  it('takes out a topic of ours that is not named, and leaves the others', () => {
    const ids = new Map([
      [USERS, 'id-of-users'],
      [ORDERS, 'id-of-orders'],
    ]);
    const written = planPolicy(JSON.stringify({ Statement: [foreign] }), QUEUE, [USERS, ORDERS], ids).policy;
    const plan = policyWith(written, QUEUE, [USERS], ids);
    expect(plan.differs).toBe(true);
    expect(admittedTopics(plan.policy)).toEqual([USERS]);
    expect(statementsOf(policyWith(written, QUEUE, [], ids).policy)).toEqual([foreign]);
  });
});

describe('recordedSubscriptions', () => {
  it('gives back which subscription belongs to which topic', () => {
    const ids = new Map([
      [USERS, 'id-of-users'],
      [ORDERS, 'id-of-orders'],
    ]);
    const { policy } = planPolicy(undefined, QUEUE, [USERS, ORDERS], ids);
    expect(Object.fromEntries(recordedSubscriptions(policy, QUEUE))).toEqual(Object.fromEntries(ids));
  });

  it('knows nothing without a statement of ours, or with one that remembers nothing', () => {
    expect(recordedSubscriptions(undefined, QUEUE).size).toBe(0);
    expect(recordedSubscriptions(JSON.stringify({ Statement: [foreign] }), QUEUE).size).toBe(0);
    const { policy } = planPolicy(undefined, QUEUE, [USERS, ORDERS], NONE);
    expect(recordedSubscriptions(policy, QUEUE).size).toBe(0);
  });

  it('remembers one subscription where the other is not known', () => {
    const { policy } = planPolicy(undefined, QUEUE, [USERS, ORDERS], new Map([[USERS, 'id']]));
    expect(Object.fromEntries(recordedSubscriptions(policy, QUEUE))).toEqual({ [USERS]: 'id' });
  });

  it('takes those of another queue, whose policy was copied, for theirs', () => {
    const copied = planPolicy(undefined, `${QUEUE}2`, [USERS], new Map([[USERS, 'id-of-q2']])).policy;
    expect(recordedSubscriptions(copied, QUEUE).size).toBe(0);
    const { policy, differs } = planPolicy(copied, QUEUE, [USERS], NONE);
    expect(differs).toBe(true);
    expect(recordedSubscriptions(policy, QUEUE).size).toBe(0);
  });
});
