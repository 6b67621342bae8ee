import { isAllowed, parsePolicy, wildcard } from './policy.js';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:q';
const TOPIC = 'arn:aws:sns:us-east-1:000000000000:users';
const letSnsIn = {
  Effect: 'Allow',
  Principal: { Service: 'sns.amazonaws.com' },
  Action: 'sqs:SendMessage',
  Resource: QUEUE,
  Condition: { ArnEquals: { 'aws:SourceArn': TOPIC } },
};

const allows = (statements: unknown, context: Record<string, string> = { 'aws:sourcearn': TOPIC }): boolean =>
  isAllowed(parsePolicy(JSON.stringify({ Statement: statements })) ?? [], {
    principals: ['Service:sns.amazonaws.com'],
    action: 'sqs:SendMessage',
    resource: QUEUE,
    context: new Map(Object.entries(context)),
  });

describe('isAllowed (reference_policies_evaluation-logic, reference_policies_elements_condition_operators)', () => {
  it('says no when nothing is said', () => {
    expect(allows([])).toBe(false);
  });

  it('lets SNS in from the topic that the policy names, and from no other', () => {
    expect(allows(letSnsIn)).toBe(true);
    expect(allows(letSnsIn, { 'aws:sourcearn': `${TOPIC}-2` })).toBe(false);
    expect(allows(letSnsIn, {})).toBe(false);
  });

  it('takes a list of topics as any of them', () => {
    const Condition = { ArnEquals: { 'aws:SourceArn': ['arn:aws:sns:us-east-1:000000000000:other', TOPIC] } };
    expect(allows([{ ...letSnsIn, Condition }])).toBe(true);
  });

  it('lets an explicit Deny win', () => {
    expect(allows([letSnsIn, { ...letSnsIn, Effect: 'Deny', Condition: undefined }])).toBe(false);
    expect(allows([letSnsIn, { ...letSnsIn, Effect: 'Deny', Action: 'sqs:DeleteMessage' }])).toBe(true);
  });

  it.each([
    ['everyone', { Principal: '*' }, true],
    ['everyone, as an AWS principal', { Principal: { AWS: '*' } }, true],
    ['another service', { Principal: { Service: 's3.amazonaws.com' } }, false],
    ['an account', { Principal: { AWS: '000000000000' } }, false],
    ['all but another service', { Principal: undefined, NotPrincipal: { Service: 's3.amazonaws.com' } }, true],
    ['all but SNS', { Principal: undefined, NotPrincipal: { Service: 'sns.amazonaws.com' } }, false],
    ['every action', { Action: '*' }, true],
    ['all of SQS, in capitals', { Action: 'SQS:*' }, true],
    ['an action in a list', { Action: ['sqs:DeleteMessage', 'SQS:SendMessage'] }, true],
    ['another action', { Action: 'sqs:ReceiveMessage' }, false],
    ['all but another action', { Action: undefined, NotAction: 'sqs:ReceiveMessage' }, true],
    ['every queue by wildcard', { Resource: 'arn:aws:sqs:*:*:?' }, true],
    ['another queue', { Resource: `${QUEUE}2` }, false],
  ])('decides about %s', (_, change, expected) => {
    expect(allows([{ ...letSnsIn, ...change }])).toBe(expected);
  });

  it.each([
    ['StringEquals', TOPIC, true],
    ['StringEquals', 'arn:aws:sns:*', false],
    ['StringNotEquals', TOPIC, false],
    ['StringNotEquals', 'x', true],
    ['StringEqualsIgnoreCase', TOPIC.toUpperCase(), true],
    ['StringNotEqualsIgnoreCase', TOPIC.toUpperCase(), false],
    ['StringLike', 'arn:aws:sns:*', true],
    ['StringNotLike', 'arn:aws:sns:*', false],
    ['ArnLike', 'arn:aws:sns:us-east-1:*:users', true],
    ['ArnNotEquals', TOPIC, false],
    ['ForAnyValue:StringLike', '*users', true],
    ['Null', 'false', true],
    ['Null', 'true', false],
    ['NumericEquals', '1', false],
  ])('%s of the source and %s: %s', (operator, value, expected) => {
    expect(allows([{ ...letSnsIn, Condition: { [operator]: { 'AWS:SourceArn': value } } }])).toBe(expected);
  });

  it('asks all conditions', () => {
    const both = { ...letSnsIn.Condition, StringEquals: { 'aws:SourceAccount': '000000000000' } };
    const context = { 'aws:sourcearn': TOPIC, 'aws:sourceaccount': '000000000000' };
    expect(allows([{ ...letSnsIn, Condition: both }], context)).toBe(true);
    expect(allows([{ ...letSnsIn, Condition: both }], { ...context, 'aws:sourceaccount': '1' })).toBe(false);
  });

  it('lets an absent key pass where the operator says IfExists', () => {
    const condition = (operator: string) => [{ ...letSnsIn, Condition: { [operator]: { 'aws:SourceVpc': 'v' } } }];
    expect(allows(condition('StringEquals'))).toBe(false);
    expect(allows(condition('StringEqualsIfExists'))).toBe(true);
    expect(allows(condition('StringNotEquals'))).toBe(true);
    expect(allows(condition('ForAllValues:StringEquals'))).toBe(true);
    expect(allows(condition('ForAnyValue:StringNotEquals'))).toBe(false);
  });
});

describe('parsePolicy (reference_policies_elements)', () => {
  it.each([
    ['no JSON', 'nonsense'],
    ['a list', '[]'],
    ['no statement', '{"Version":"2012-10-17"}'],
    ['a statement without an effect', '{"Statement":[{"Action":"*"}]}'],
    ['an unknown effect', '{"Statement":[{"Effect":"Maybe","Action":"*"}]}'],
    ['a statement without an action', '{"Statement":[{"Effect":"Allow"}]}'],
  ])('takes %s for no policy', (_, text) => {
    expect(parsePolicy(text)).toBeUndefined();
  });
});

describe('wildcard', () => {
  it.each([
    ['a*c', 'abbc', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a.c', 'abc', false],
    ['a.*', 'a.b', true],
    ['a.*', 'ab', false],
    ['*', '', true],
  ])('%s meets %s: %s', (pattern, value, expected) => expect(wildcard(pattern, value)).toBe(expected));
});
