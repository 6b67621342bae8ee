import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import type { JournalEntry } from '../core/persist/journal.js';
import type { RecordEntry } from '../core/persist/records.js';
import { FileLock } from './file-lock.js';

const HEADER = '{"format":"local-sns-sqs journal","version":1}';
/** It is written anew once it is larger than this, and than four times what it was when it was new. */
const MIN_BYTES = 8 * 1024 * 1024;
const GROWTH = 4;
/** Records in one line when it is written anew. */
const PER_LINE = 500;

/** Reads the lines of a journal. Throws for a file that is none; an unfinished last line was never answered. */
export function readJournal(path: string): Map<string, unknown> {
  const records = new Map<string, unknown>();
  if (!existsSync(path)) return records;
  const bytes = readFileSync(path);
  let number = 0;
  for (let start = 0, end = bytes.indexOf(10); end >= 0; start = end + 1, end = bytes.indexOf(10, start)) {
    number += 1;
    const line = bytes.toString('utf8', start, end);
    if (number === 1) {
      if (line !== HEADER) throw new Error(`${path} is not a file of --persist: give another name`);
      continue;
    }
    try {
      applyEntries(records, JSON.parse(line) as JournalEntry[]);
    } catch (error) {
      throw new Error(`${path} is damaged in line ${number}: delete the file, or give another name`, { cause: error });
    }
  }
  if (number === 0 && bytes.length > HEADER.length)
    throw new Error(`${path} is not a file of --persist: give another name`);
  return records;
}

export function applyEntries(records: Map<string, unknown>, entries: JournalEntry[]): void {
  for (const [key, value, every] of entries) {
    if (every === '-') {
      for (const each of records.keys()) if (each.startsWith(key)) records.delete(each);
    } else if (value === null) records.delete(key);
    else records.set(key, value);
  }
}

/**
 * A file to which each change is added before its call is answered. The operating system has it then: it outlives the
 * process, though not a loss of power. One line is one change, whole or not there.
 */
export class JournalFile {
  private file: number | undefined;
  private bytes = 0;
  private limit = MIN_BYTES;
  private readonly lock: FileLock;

  /** Throws when another process has the file. */
  constructor(private readonly path: string) {
    this.lock = new FileLock(`${path}.lock`);
  }

  read(): Map<string, unknown> {
    return readJournal(this.path);
  }

  get isLarge(): boolean {
    return this.bytes > this.limit;
  }

  /** Adds changes. When it throws, none of them is in the file. */
  append(entries: JournalEntry[]): void {
    if (this.file !== undefined) this.write(this.file, `${JSON.stringify(entries)}\n`);
  }

  /** Makes the file anew: it is the old one or the new one, whenever the process dies. */
  rewrite(records: Iterable<RecordEntry>): void {
    const path = `${this.path}.new`;
    const before = { bytes: this.bytes, file: this.file };
    const file = openSync(path, 'w');
    this.bytes = 0;
    try {
      this.write(file, `${HEADER}\n`);
      let line: RecordEntry[] = [];
      for (const record of records) {
        line.push(record);
        if (line.length < PER_LINE) continue;
        this.write(file, `${JSON.stringify(line)}\n`);
        line = [];
      }
      if (line.length > 0) this.write(file, `${JSON.stringify(line)}\n`);
      fsyncSync(file);
      renameSync(path, this.path);
    } catch (error) {
      closeSync(file);
      this.bytes = before.bytes;
      throw error;
    }
    if (before.file !== undefined) closeSync(before.file);
    this.file = file;
    this.limit = Math.max(MIN_BYTES, GROWTH * this.bytes);
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
    this.lock.release();
  }

  private write(file: number, text: string): void {
    const bytes = Buffer.from(text);
    try {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(file, bytes, done, bytes.length - done, this.bytes + done);
      }
      this.bytes += bytes.length;
    } catch (error) {
      ftruncateSync(file, this.bytes);
      throw error;
    }
  }
}
