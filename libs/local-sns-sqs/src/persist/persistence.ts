import type { Broker } from '../core/broker.js';
import { Journal } from '../core/persist/journal.js';
import { allRecords } from '../core/persist/records.js';
import { restoreRecords } from '../core/persist/restore.js';
import { JournalFile } from './journal-file.js';

/** Keeps a broker's state in a file: what a call was answered with is there when the process is killed. */
export class Persistence {
  private readonly file: JournalFile;
  private readonly journal: Journal;
  /** A write has failed: the file lacks something that memory has. */
  private failed = false;

  /** Restores what the file has. Throws when it cannot be read or written, or another process has it. */
  constructor(
    private readonly broker: Broker,
    path: string,
  ) {
    this.file = new JournalFile(path);
    this.journal = new Journal(broker);
    try {
      restoreRecords(broker, this.file.read());
      this.rewrite();
    } catch (error) {
      this.file.close();
      throw error;
    }
  }

  /** Writes what has changed, before a call is answered. Throws when it cannot: the call must not succeed then. */
  commit(): void {
    if (this.failed) return this.rewrite();
    const entries = this.journal.take();
    if (!entries) return;
    this.failed = true;
    this.file.append(entries);
    this.failed = false;
    if (this.file.isLarge) this.rewrite();
  }

  /** After everything has become another: a reset, a restored snapshot. */
  rewrite(): void {
    this.journal.attach();
    this.file.rewrite(allRecords(this.broker));
    this.failed = false;
  }

  close(): void {
    try {
      this.commit();
    } finally {
      this.file.close();
    }
  }
}
