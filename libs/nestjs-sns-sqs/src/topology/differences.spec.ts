import { differencesOf, missing, textOf, toSet } from './differences.js';

describe('differencesOf', () => {
  it('looks at what is wanted only', () => {
    expect(differencesOf('q', { VisibilityTimeout: '30' }, { VisibilityTimeout: '30', DelaySeconds: '5' })).toEqual([]);
  });

  it('tells wanted and found', () => {
    expect(differencesOf('q', { VisibilityTimeout: '30', A: 'x' }, { VisibilityTimeout: '7' })).toEqual([
      { resource: 'q', attribute: 'VisibilityTimeout', wanted: '30', found: '7' },
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
    ['allowAll', { redrivePermission: 'allowAll' }, 0],
    ['that is not there: AWS then lets every queue in', undefined, 0],
    ['denyAll', { redrivePermission: 'denyAll' }, 1],
  ])('a RedriveAllowPolicy %s', (_, found, count) => {
    const wanted = { RedriveAllowPolicy: '{"redrivePermission":"byQueue","sourceQueueArns":["ours"]}' };
    const attributes = found && { RedriveAllowPolicy: JSON.stringify(found) };
    expect(differencesOf('dlq', wanted, attributes ?? {})).toHaveLength(count);
  });
});

describe('what was found is kept', () => {
  const ARN = 'arn:dlq';
  const redrive = (maxReceiveCount: number | string, deadLetterTargetArn = ARN) => ({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount }),
  });

  it.each(['VisibilityTimeout', 'MessageRetentionPeriod', 'MaximumMessageSize'])(
    '%s: the larger one wins',
    attribute => {
      expect(differencesOf('q', { [attribute]: '300' }, { [attribute]: '2000' })).toEqual([]);
      expect(toSet(differencesOf('q', { [attribute]: '2000' }, { [attribute]: '300' }))).toEqual({
        [attribute]: '2000',
      });
    },
  );

  it('a redrive policy keeps the larger count, and gets our dead letter queue', () => {
    expect(differencesOf('q', redrive(10), redrive('1000'))).toEqual([]);
    expect(toSet(differencesOf('q', redrive(1_000), redrive('10')))).toEqual(redrive(1_000));
    expect(toSet(differencesOf('q', redrive(10), redrive(1_000, 'arn:other')))).toEqual(redrive(1_000));
    expect(toSet(differencesOf('q', redrive(10), { RedrivePolicy: 'rubbish' }))).toEqual(redrive(10));
  });

  it('a RedriveAllowPolicy keeps the queues that it names', () => {
    const allow = (...sourceQueueArns: string[]) => ({
      RedriveAllowPolicy: JSON.stringify({ redrivePermission: 'byQueue', sourceQueueArns }),
    });
    expect(toSet(differencesOf('q', allow('ours'), allow('x')))).toEqual(allow('x', 'ours'));
    const ten = Array.from({ length: 10 }, (_, n) => `q${n}`);
    expect(toSet(differencesOf('q', allow('ours'), allow(...ten)))).toEqual({
      RedriveAllowPolicy: '{"redrivePermission":"allowAll"}',
    });
  });

  it('a filter keeps what it lets through', () => {
    const found = { FilterPolicy: '{"type":["a"]}', FilterPolicyScope: 'MessageAttributes' };
    const wanted = { FilterPolicy: '{"type":["b"]}', FilterPolicyScope: 'MessageAttributes' };
    expect(toSet(differencesOf('s', wanted, found))).toEqual({ FilterPolicy: '{"type":["a","b"]}' });
    expect(differencesOf('s', wanted, { FilterPolicyScope: 'MessageBody' })).toEqual([]);
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
