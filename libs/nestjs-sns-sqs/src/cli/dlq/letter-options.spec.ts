import { Command } from 'commander';
import { withFilter, type FilterOptions } from './letter-options.js';

function parsed(...words: string[]): FilterOptions {
  const command = withFilter(new Command('show'))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return command.parse(words, { from: 'user' }).opts();
}

describe('the times of --before and --since', () => {
  it.each(['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.678+01:00', '2026-01-02 03:04Z', '2026-01-02'])(
    '%s is a time',
    text => {
      expect(parsed('--since', text)).toEqual({ since: Date.parse(text) });
    },
  );

  it('30m is half an hour ago', () => {
    const { before = 0 } = parsed('--before', '30m');
    expect(Math.abs(Date.now() - 1_800_000 - before)).toBeLessThan(60_000);
  });

  // Date.parse() makes a day of the last century of some, and `discard` would take every letter.
  it.each(['90', '0', '2', 'may 5', '30 m', '2026', '2026-13-45', 'soon', ''])('%s is none', text => {
    expect(() => parsed('--since', text)).toThrow('an age such as 30m');
  });
});
