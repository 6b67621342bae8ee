import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { JournalFile, readJournal } from './journal-file.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  path = join(folder, 'state');
});
afterEach(() => rmSync(folder, { recursive: true }));

const entries = (): Record<string, unknown> => Object.fromEntries(readJournal(path));

describe('JournalFile', () => {
  it('has what was written, in order, and what was taken away not', () => {
    const file = new JournalFile(path);
    expect(file.read()).toEqual(new Map());
    file.rewrite([['a', 1]]);
    file.append([
      ['b', { text: 'ä\n' }],
      ['c:1', 1],
      ['c:2', 2],
    ]);
    file.append([
      ['a', null],
      ['c:', null, '-'],
      ['d', 4],
    ]);
    file.close();
    expect(entries()).toEqual({ b: { text: 'ä\n' }, d: 4 });
  });

  it('leaves out a last line that was not finished, and goes on', () => {
    const file = new JournalFile(path);
    file.rewrite([['a', 1]]);
    file.close();
    appendFileSync(path, '[["b",2],["c"');
    const next = new JournalFile(path);
    expect(next.read()).toEqual(new Map([['a', 1]]));
    next.rewrite(next.read());
    next.append([['d', 4]]);
    next.close();
    expect(entries()).toEqual({ a: 1, d: 4 });
  });

  it.each([
    ['another file', 'hello\nworld\n'],
    ['another file of one line', 'x'.repeat(100)],
  ])('refuses %s, and leaves it as it is', (_, text) => {
    writeFileSync(path, text);
    expect(() => readJournal(path)).toThrow(/not a file of --persist/);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('names the line in which a file is damaged', () => {
    const file = new JournalFile(path);
    file.rewrite([['a', 1]]);
    file.close();
    appendFileSync(path, 'nonsense\n[["b",2]]\n');
    expect(() => readJournal(path)).toThrow(/damaged in line 3/);
  });

  it('is large after many changes, and small when it is made anew', () => {
    const file = new JournalFile(path);
    file.rewrite([]);
    const value = 'x'.repeat(1_000_000);
    for (let change = 0; change < 9; change += 1) file.append([['a', value]]);
    expect(file.isLarge).toBe(true);
    file.rewrite(readJournal(path));
    expect(file.isLarge).toBe(false);
    expect(statSync(path).size).toBeLessThan(1_100_000);
    file.append([['b', 1]]);
    file.close();
    expect(Object.keys(entries())).toEqual(['a', 'b']);
    expect(existsSync(`${path}.new`)).toBe(false);
  });

  const onLinux = existsSync('/proc/self/stat') ? it : it.skip;

  onLinux('is free after a broker that was killed, though its parent has not looked at it yet', async () => {
    // `exec` makes the shell a program that waits for no child. The child ends after that, with its input.
    const parent = spawn('sh', ['-c', 'read x <&3 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    });
    try {
      const [chunk] = (await once(parent.stdout as Readable, 'data')) as [Buffer];
      const pid = chunk.toString().trim();
      const until = async (isSo: () => boolean): Promise<void> => {
        while (!isSo()) await new Promise(resolve => setImmediate(resolve));
      };
      await until(() => readFileSync(`/proc/${parent.pid}/stat`, 'utf8').includes('(sleep)'));
      (parent.stdio[3] as Writable).end();
      await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '));
      writeFileSync(`${path}.lock`, pid);
      expect(() => new JournalFile(path).close()).not.toThrow();
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('is for one broker at a time, and free after one that died', () => {
    writeFileSync(`${path}.lock`, '1');
    expect(() => new JournalFile(path)).toThrow(/process 1 uses this file/);
    writeFileSync(`${path}.lock`, '4194305');
    new JournalFile(path).close();
    writeFileSync(`${path}.lock`, '');
    const file = new JournalFile(path);
    file.close();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });
});
