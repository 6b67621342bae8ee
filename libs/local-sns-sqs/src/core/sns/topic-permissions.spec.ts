import { CoreDriver, refusalCode } from '../../../test/core-driver.js';

interface Statement {
  Sid: string;
  Principal: unknown;
  Action: unknown;
}

describe('permissions of a topic (AddPermission and RemovePermission API of SNS)', () => {
  let core: CoreDriver;
  let TopicArn: string;

  beforeEach(() => {
    core = new CoreDriver();
    TopicArn = core.createTopic('events');
  });

  const add = (more: object = {}) =>
    core.sns('AddPermission', {
      TopicArn,
      Label: 'shop',
      AWSAccountId: ['111111111111'],
      ActionName: ['Publish'],
      ...more,
    });
  const statements = (): Statement[] => {
    const { Policy } = core.sns('GetTopicAttributes', { TopicArn })['Attributes'] as { Policy: string };
    return (JSON.parse(Policy) as { Statement: Statement[] }).Statement;
  };

  it('are statements of its policy, beside those that are there', () => {
    add();
    expect(statements()).toMatchObject([
      { Sid: '__default_statement_ID' },
      {
        Sid: 'shop',
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111111111111:root' },
        Action: 'SNS:Publish',
        Resource: TopicArn,
      },
    ]);
    core.sns('RemovePermission', { TopicArn, Label: 'shop' });
    expect(statements().map(({ Sid }) => Sid)).toEqual(['__default_statement_ID']);
  });

  it.each([
    ['a label twice', {}],
    ['no account', { Label: 'b', AWSAccountId: [] }],
    ['an account that is none', { Label: 'b', AWSAccountId: ['me'] }],
    ['an action that is none', { Label: 'b', ActionName: ['sqs:SendMessage'] }],
  ])('refuse %s', (_, more) => {
    add();
    expect(refusalCode(() => add(more))).toBe('InvalidParameter');
  });

  it('are of a topic that is there', () => {
    expect(refusalCode(() => add({ TopicArn: `${TopicArn}2` }))).toBe('NotFound');
  });
});
