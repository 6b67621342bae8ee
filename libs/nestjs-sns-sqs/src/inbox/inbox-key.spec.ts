import fc from 'fast-check';
import { eventKey, newToken, ownKey, subjectKey } from './inbox-key.js';

const ALPHABET = /^[!-z|~]{1,100}$/;
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({
    unit: fc.constantFrom(' ', '\n', '{', '}', ':', '.', '#', '\u0000', '\ud800', '\udfff', '🎉', 'é', 'a'),
  }),
);

describe('keys of the inbox', () => {
  it('stay readable where they can', () => {
    expect(eventKey({ source: 'users', id: 'a-1' })).toBe('.5:users:a-1');
    expect(subjectKey({ source: 'users', subject: 'u-1' })).toBe('.5:users:u-1');
  });

  it.each(['a\nb', 'a b', '{a}', 'é', '🎉', 'x'.repeat(100_000), '\ud800'])('hash what is not plain: %.20j', id => {
    expect(subjectKey({ source: 's', subject: id })).toMatch(/^#[\w-]{43}$/);
  });

  it('are readable up to 80 characters, whichever source came before', () => {
    const source = 's'.repeat(10);
    const longest = 'i'.repeat(80 - '10:'.length - source.length - 1);
    for (const before of [source, 'other', 'not plain', '']) {
      eventKey({ source: before, id: 'a' });
      expect(eventKey({ source, id: longest })).toBe(`.10:${source}:${longest}`);
      expect(eventKey({ source, id: `${longest}i` })).toMatch(/^#/);
      expect(eventKey({ source, id: 'a b' })).toMatch(/^#/);
      expect(eventKey({ source, id: '' })).toBe(`.10:${source}:`);
      expect(eventKey({ source: 'not plain', id: 'a' })).toMatch(/^#/);
      expect(eventKey({ source: 's'.repeat(100), id: 'a' })).toMatch(/^#/);
    }
  });

  it('are of the alphabet that stores rely on, whatever the event', () => {
    fc.assert(
      fc.property(text, text, (source, id) => {
        for (const key of [eventKey({ source, id }), ownKey(id), subjectKey({ source, subject: id })]) {
          expect(key).toMatch(ALPHABET);
        }
      }),
    );
  });

  it('differ for events that differ', () => {
    fc.assert(
      fc.property(text, text, text, text, (source, id, otherSource, otherId) => {
        const isSame = source === otherSource && id === otherId;
        expect(eventKey({ source, id }) === eventKey({ source: otherSource, id: otherId })).toBe(isSame);
        const [one, other] = [
          subjectKey({ source, subject: id }),
          subjectKey({ source: otherSource, subject: otherId }),
        ];
        expect(one === other).toBe(isSame);
      }),
    );
  });

  it('differ where source and id meet elsewhere, halves of characters differ, or one was hashed', () => {
    const keys = [
      eventKey({ source: 'a', id: 'bc' }),
      eventKey({ source: 'ab', id: 'c' }),
      eventKey({ source: 'a:b', id: 'c' }),
      eventKey({ source: 'a', id: 'b:c' }),
      eventKey({ source: 'a', id: '\ud800' }),
      eventKey({ source: 'a', id: '\ud801' }),
      eventKey({ source: 'a', id: '\ufffd' }),
      ownKey('1:a:bc'),
      ownKey('bc'),
      subjectKey({ source: 'a', subject: ' ' }),
      subjectKey({ source: 'a', subject: subjectKey({ source: 'a', subject: ' ' }) }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('has a token of its own for each claim', () => {
    const tokens = Array.from({ length: 1_000 }, newToken);
    expect(new Set(tokens).size).toBe(1_000);
    for (const token of tokens) expect(token).toMatch(/^[\w-]{13,24}$/);
  });
});
