import { z } from './schema.js';
import { checkOptions } from './check-options.js';

const schema = z.strictObject({
  service: z.string(),
  consumer: z.strictObject({ concurrency: z.number().min(1, 'expected at least 1') }).optional(),
  queues: z.record(z.strictObject({ waitTimeSeconds: z.number() })).optional(),
  inbox: z.prepared(value => value, z.strictObject({ rememberForSeconds: z.number() }).optional()),
});
const refusalOf = (options: unknown): { message: string; facts: unknown } => {
  try {
    checkOptions('ServerSQS', schema, options);
  } catch (error) {
    return error as { message: string; facts: unknown };
  }
  throw new Error('it was accepted');
};

describe('checkOptions', () => {
  it('takes options that are right', () => {
    expect(() => checkOptions('ServerSQS', schema, { service: 's', consumer: { concurrency: 1 } })).not.toThrow();
  });

  it('names every problem in one error, each with its path', () => {
    const error = refusalOf({ service: 7, consumer: { concurrency: 0 } });
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS', retryable: false });
    expect(error.message.split('\n')).toEqual([
      'The options of ServerSQS have 2 problems:',
      '- `service`: Invalid input: expected string, received number',
      '- `consumer.concurrency`: expected at least 1',
      'Remedy: correct these options; node_modules/nestjs-sns-sqs/docs/options.md lists all options with their ranges.',
    ]);
  });

  it('names one problem in one line', () => {
    expect(refusalOf({ service: 's', foo: 1 }).message).toMatch(/^ServerSQS: `foo` is not an option\. Remedy: .*\.$/);
  });

  it('says that what the SDK takes stands in `aws`', () => {
    const withAws = z.strictObject({ aws: z.strictObject({}).optional() });
    const check = (): void => checkOptions('DeadLetterDesk', withAws, { region: 'eu-west-1' });
    expect(check).toThrow('`region` is not an option (did you mean `aws.region`?)');
  });

  it('names misspelt options by their whole path', () => {
    expect(refusalOf({ service: 's', servce: 's', consumer: { concurrency: 1, wait: 2, xs: 1 } }).facts).toEqual({
      of: 'ServerSQS',
      problems: [
        '`consumer.wait` is not an option',
        '`consumer.xs` is not an option',
        '`servce` is not an option (did you mean `service`?)',
      ],
    });
  });

  it.each([
    [{ consumer: { concurrency: 1, concurency: 2 } }, '`consumer.concurency`', '`consumer.concurrency`'],
    [
      { queues: { 'a.b': { waitTimeSeconds: 1, waitTime: 2 } } },
      '`queues.a.b.waitTime`',
      '`queues.a.b.waitTimeSeconds`',
    ],
    [{ inbox: { rememberForSeconds: 1, rememberFor: 2 } }, '`inbox.rememberFor`', '`inbox.rememberForSeconds`'],
    [{ concurrency: 5 }, '`concurrency`', '`consumer.concurrency`'],
    [{ rememberFor: 5 }, '`rememberFor`', '`inbox.rememberForSeconds`'],
  ])('says what was meant by %j', (options, given, meant) => {
    const { message } = refusalOf({ service: 's', ...options });
    expect(message).toContain(`${given} is not an option (did you mean ${meant}?)`);
  });

  it('says what is wrong with options that are no object', () => {
    expect(refusalOf(undefined).message).toMatch(/^ServerSQS: .*expected object/);
  });
});
