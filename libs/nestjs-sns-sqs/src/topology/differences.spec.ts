import { differencesOf, missing, textOf, toSet } from './differences.js';

describe('differencesOf', () => {
  it('looks at what is wanted only', () => {
    expect(differencesOf('q', { VisibilityTimeout: '30' }, { VisibilityTimeout: '30', DelaySeconds: '5' })).toEqual([]);
  });

  it('tells wanted and found', () => {
    expect(differencesOf('q', { VisibilityTimeout: '30', A: 'x' }, { VisibilityTimeout: '77' })).toEqual([
      { resource: 'q', attribute: 'VisibilityTimeout', wanted: '30', found: '77' },
      { resource: 'q', attribute: 'A', wanted: 'x', found: undefined },
    ]);
  });

  it('compares JSON by its meaning', () => {
    const wanted = { RedrivePolicy: '{"deadLetterTargetArn":"arn","maxReceiveCount":5}' };
    expect(
      differencesOf('q', wanted, { RedrivePolicy: '{"maxReceiveCount":"5","deadLetterTargetArn":"arn"}' }),
    ).toEqual([]);
  });

  it("leaves a queue alone that is encrypted by the team's own key", () => {
    const found = { SqsManagedSseEnabled: 'false', KmsMasterKeyId: 'alias/ours' };
    expect(differencesOf('q', { SqsManagedSseEnabled: 'true' }, found)).toEqual([]);
  });

  it('takes what AWS leaves out for its default', () => {
    expect(differencesOf('s', { FilterPolicy: '{}', FilterPolicyScope: 'MessageAttributes' }, {})).toEqual([]);
    expect(differencesOf('s', { RawMessageDelivery: 'true' }, {})).toHaveLength(1);
  });

  it.each([
    ['byQueue with others beside ours', { redrivePermission: 'byQueue', sourceQueueArns: ['x', 'ours'] }, 0],
    ['byQueue without ours', { redrivePermission: 'byQueue', sourceQueueArns: ['x'] }, 1],
    ['allowAll', { redrivePermission: 'allowAll' }, 1],
  ])('a RedriveAllowPolicy %s', (_, found, count) => {
    const wanted = { RedriveAllowPolicy: '{"redrivePermission":"byQueue","sourceQueueArns":["ours"]}' };
    expect(differencesOf('dlq', wanted, { RedriveAllowPolicy: JSON.stringify(found) })).toHaveLength(count);
  });
});

it('textOf says it for a person', () => {
  expect(textOf(missing('queue q'))).toBe('queue q is missing');
  expect(textOf({ resource: 'q', attribute: 'A', wanted: '1', found: undefined })).toBe(
    'q: A: wanted 1, found nothing',
  );
});

it('toSet gives the attributes that mend the differences', () => {
  expect(toSet(differencesOf('q', { A: '1', B: '2' }, { A: '1', B: '3' }))).toEqual({ B: '2' });
});
