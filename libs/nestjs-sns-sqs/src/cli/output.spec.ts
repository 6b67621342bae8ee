import { Output, table } from './output.js';
import { testIo } from '../../test/cli-io.js';

describe('a table', () => {
  it('has columns of equal width, and no spaces at the end of a line', () => {
    expect(
      table(
        ['name', 'n'],
        [
          ['a', '1'],
          ['longer', '22'],
        ],
      ),
    ).toBe('NAME    N\na       1\nlonger  22\n');
  });

  it('lets no text break a line or send a control sequence', () => {
    expect(table(['name'], [['a\n\u001B[31mb']])).toBe('NAME\na  [31mb\n');
  });
});

describe('the output', () => {
  it('is text for people and JSON for machines', () => {
    const [people, machines] = [testIo(), testIo()];
    new Output(people, false).result({ n: 1 }, () => 'one');
    new Output(machines, true).result({ n: 1 }, () => 'one');
    expect(people.out()).toBe('one\n');
    expect(JSON.parse(machines.out())).toEqual({ n: 1 });
  });

  it.each([
    ['a terminal', { isTerminal: true }, true],
    ['a pipe', {}, false],
    ['NO_COLOR', { isTerminal: true, env: { NO_COLOR: '1' } }, false],
    ['a dumb terminal', { isTerminal: true, env: { TERM: 'dumb' } }, false],
    ['FORCE_COLOR', { env: { FORCE_COLOR: '1' } }, true],
  ])('of %s has colours or not', (_, io, isColoured) => {
    expect(new Output(testIo(io), false).paint('red', 'x')).toBe(isColoured ? '\u001B[31mx\u001B[0m' : 'x');
  });

  it('of JSON never has colours', () => {
    expect(new Output(testIo({ isTerminal: true }), true).paint('red', 'x')).toBe('x');
  });
});
