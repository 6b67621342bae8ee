import type { NameSource, SqsHandlerExtras } from '../interfaces/handler-extras.interface.js';
import { misspeltExtras, resolveHandlerNames } from './handler-names.js';

const config = { emailQueue: 'eu-emails', usersTopic: 'eu-users', old: 'emails', unset: undefined };
const named = (extras: SqsHandlerExtras, pattern = 'user.registered') =>
  resolveHandlerNames([{ pattern, extras }], { service: 'notifications', config })[0]?.extras;
const refusalOf = (extras: SqsHandlerExtras): unknown => {
  try {
    named(extras);
  } catch (error) {
    return error;
  }
  throw new Error('it was accepted');
};

describe('resolveHandlerNames', () => {
  it('leaves names that are texts, and everything else, as they are', () => {
    const extras = { topic: 't', queue: 'q', formerly: ['old'], ordering: 'latest' } as const;
    expect(named(extras)).toEqual(extras);
    expect(named({})).toEqual({});
  });

  it("computes names from the server's config and service", () => {
    expect(
      named({
        topic: ({ config }) => config['usersTopic'],
        queue: ({ config, service }) => `${service}-${config['emailQueue']}`,
        formerly: ['first', ({ config }) => config['old']],
      }),
    ).toEqual({ topic: 'eu-users', queue: 'notifications-eu-emails', formerly: ['first', 'emails'] });
  });

  it('lets a function name the type of the config', () => {
    type Names = { emailQueue: string };
    expect(named({ queue: ({ config: { emailQueue } }: NameSource<Names>) => emailQueue })).toEqual({
      queue: 'eu-emails',
    });
  });

  it('lets a function have a default for a name that is given as undefined', () => {
    expect(named({ queue: ({ config }) => config['unset'] ?? 'emails' })).toEqual({ queue: 'emails' });
  });

  it.each<[string, SqsHandlerExtras, RegExp]>([
    [
      'a name that the config does not have, with what may be meant',
      { queue: ({ config }) => `${config['emailsQueue']}-on-x` },
      /user\.registered: the extra `queue`: `config` has no `emailsQueue` \(did you mean `emailQueue`\?\)/,
    ],
    [
      'undefined',
      { topic: ({ config }) => config['unset'], queue: 'q' },
      /the extra `topic`: its function gave undefined/,
    ],
    ['an empty text', { queue: () => '' }, /the extra `queue`: its function gave an empty text/],
    ['a number', { queue: (() => 1) as never }, /the extra `queue`: its function gave number/],
    [
      'an error',
      {
        formerly: [
          () => {
            throw new Error('no such tenant');
          },
        ],
      },
      /the extra `formerly`: no such tenant/,
    ],
  ])('refuses %s', (_, extras, why) => {
    expect(refusalOf(extras)).toMatchObject({
      code: 'INVALID_HANDLER',
      message: expect.stringMatching(why) as string,
    });
  });

  it('names all that is wrong in one error', () => {
    const extras = { topic: () => undefined, queue: () => '' };
    expect(refusalOf(extras)).toMatchObject({ facts: { problems: [expect.any(String), expect.any(String)] } });
  });

  it('says so where the server was given no config', () => {
    const extras = { queue: ({ config: given }: NameSource) => given['emailQueue'] };
    expect(() => resolveHandlerNames([{ pattern: 'a', extras }], { service: 's' })).toThrow(
      /`config` has no `emailQueue`.*the option `config` of ServerSQS/,
    );
  });
});

describe('misspeltExtras', () => {
  it.each([
    ['topci', 'topic'],
    ['gapTimeout', 'gapTimeoutMs'],
    ['former', 'formerly'],
  ])('takes %s for %s', (name, meant) => {
    expect(misspeltExtras([{ pattern: 'a', extras: { [name]: 'x' } }])).toEqual([
      `a: the extra \`${name}\` has no meaning here (did you mean \`${meant}\`?)`,
    ]);
  });

  it('leaves the extras of others alone, and knows its own', () => {
    expect(misspeltExtras([{ pattern: 'a', extras: { topic: 't', queue: 'q', priority: 1 } as never }])).toEqual([]);
  });
});
