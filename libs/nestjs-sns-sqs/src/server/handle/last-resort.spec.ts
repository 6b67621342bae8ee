import { Delivery } from '../delivery.js';
import type { Departure } from '../settle/settler.js';
import { LastResort, type LastResortOptions } from './last-resort.js';

const attempt = { number: 3, counted: 3, made: 3 };

/** What it tells of a message, in order. */
function lastResort(departure: Departure, changes: Partial<LastResortOptions> = {}) {
  const told: string[] = [];
  const tell = (what: string) => void told.push(what);
  const resort = new LastResort({
    queue: { name: 'q' },
    failures: { lastResort: (_, __, error) => ({ kind: 'dead-letter', rule: 'attempts-used-up', error }) },
    settler: { settle: () => Promise.resolve(departure) },
    attempts: {
      attemptOf: () => attempt,
      noteFailed: id => tell(`${id} failed`),
      forget: id => tell(`${id} forgotten`),
    },
    gate: { leave: ({ messageId }, as) => Promise.resolve(tell(`${messageId} left the inbox: ${as}`)) },
    suspects: {
      end: ({ messageId }, isGone) => Promise.resolve(tell(`mark of ${messageId} ended, ${isGone}`)),
      noteGone: id => Promise.resolve(tell(`marks of ${id}'s deaths removed`)),
    },
    logger: { error: () => undefined },
    ...changes,
  });
  return { told, settle: () => resort.settle(new Delivery({ MessageId: 'm' }, 0, 0), new Error('of the library')) };
}

describe('LastResort', () => {
  it.each<[Departure, string[]]>([
    [
      'gone',
      ['m forgotten', 'mark of m ended, true', "marks of m's deaths removed", 'm left the inbox: dead-lettered'],
    ],
    ['returns', ['m failed', 'mark of m ended, false', 'm left the inbox: failed']],
  ])('tells all who know of the message that it is "%s"', async (departure, expected) => {
    const { told, settle } = lastResort(departure);
    expect(await settle()).toEqual({ departure, seconds: 0 });
    expect(told).toEqual(expected);
  });

  it.each<[string, Partial<LastResortOptions>]>([
    ['the settler', { settler: { settle: () => Promise.reject(new Error('a second fault')) } }],
    [
      'the logger',
      {
        logger: {
          error: () => {
            throw new Error('a fault of the user');
          },
        },
      },
    ],
  ])('does not reject where %s throws too', async (whose, changes) => {
    const { settle } = lastResort('gone', changes);
    expect(await settle()).toEqual({ departure: whose === 'the logger' ? 'gone' : 'returns', seconds: 0 });
  });
});
