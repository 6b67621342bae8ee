import { printable, printableStack, quoted } from './printable.js';

describe('printable', () => {
  it('keeps text of every script, and emoji', () => {
    for (const text of ['plain', 'Grüße, здравствуйте, 你好', '🙂', 'a\u00A0b']) expect(printable(text)).toBe(text);
  });

  it('replaces half a surrogate pair', () => {
    expect(printable('half \uD83D.')).toBe('half  .');
  });

  it.each(['\n', '\r', '\t', '\u0000', '\u001B', '\u007F', '\u0085', '\u009B', '\u2028', '\u2029', '\uD800', '\uFFFE'])(
    'replaces %j',
    character => {
      expect(printable(`a${character}b`)).toBe('a b');
      expect(quoted(`a${character}b`)).not.toContain(character);
    },
  );
});

describe('printableStack', () => {
  it('keeps the frames, and the message on one line', () => {
    const stack = printableStack(new Error('broken\n[Nest] forged \u001B[31m')) ?? '';
    const [first, second] = stack.split('\n');
    expect(first).toBe('Error: broken [Nest] forged  [31m');
    expect(second).toMatch(/^ {4}at /);
  });

  it('has none for what is no error, and takes one without a message', () => {
    expect(printableStack('text')).toBeUndefined();
    expect(printableStack(new Error(''))).toMatch(/^Error:? ?\n {4}at /);
  });
});
