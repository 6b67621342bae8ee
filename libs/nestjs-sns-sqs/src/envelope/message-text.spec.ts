import fc from 'fast-check';
import { cutProblem, textProblem } from './message-text.js';

type WithWellFormed = string & { isWellFormed(): boolean };
const isWellFormed = (text: string): boolean => (text as WithWellFormed).isWellFormed();

describe('cutProblem', () => {
  it('finds half of an emoji wherever it stands, and nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), (text, at) => {
        const cut = text.slice(0, at % (text.length + 1));
        expect(cutProblem(cut) === undefined).toBe(isWellFormed(cut));
        expect(textProblem(cut)?.includes('half of an emoji') ?? false).toBe(!isWellFormed(cut));
      }),
    );
    expect(cutProblem('🙈'.slice(0, 1))).toMatch(/half of an emoji/);
    expect(cutProblem('🙈'.slice(1))).toMatch(/half of an emoji/);
    expect(cutProblem('🙈\u0000')).toBeUndefined();
  });
});

describe('textProblem', () => {
  it.each(['', 'a\tb\r\nc', 'Zoë 🙈', '\u{1FFFE}'])('takes %j', text => {
    expect(textProblem(text)).toBeUndefined();
  });

  it.each([
    ['\u0000', 'U+0000'],
    ['\u001B[31m', 'U+001B'],
    ['a\uFFFE', 'U+FFFE'],
  ])('names what AWS refuses of %j', (text, name) => {
    expect(textProblem(text)).toContain(name);
  });
});
