import { randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import type { MessageAttributes } from '../interfaces/wire.interface.js';
import type { Letter } from './letter.js';

/** Payloads may be personal: for this user only. */
const MODE = 0o600;

/** Bytes in base64, so that JSON can have them. */
const plainAttributes = (attributes: MessageAttributes): Record<string, object> =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      BinaryValue ? { DataType, BinaryValue: Buffer.from(BinaryValue).toString('base64') } : { DataType, StringValue },
    ]),
  );

/** A letter as JSON has it: everything that is needed to send it again. The event is in `body`. */
export function plainLetter({ attributes, ...letter }: Letter): Record<string, unknown> {
  return { ...letter, event: undefined, attributes: plainAttributes(attributes) };
}

/** A file of letters, one JSON object on each line. The lines are on the disk when `write` resolves. */
export class LetterFile {
  private written = 0;

  private constructor(
    private readonly handle: FileHandle,
    private readonly path: string,
    /** The file's name once it is whole. Undefined: it has its name from the start. */
    private readonly finalName: string | undefined,
  ) {}

  /** A new file, which has its name when it is whole. Rejects if the directory does not exist or may not be written to. */
  static async create(file: string): Promise<LetterFile> {
    const path = `${file}.${randomBytes(4).toString('hex')}.partial`;
    return new LetterFile(await open(path, 'wx', MODE), path, file);
  }

  /** Adds to a file; each line counts from the moment that it is written. */
  static async append(file: string): Promise<LetterFile> {
    return new LetterFile(await open(file, 'a', MODE), file, undefined);
  }

  get count(): number {
    return this.written;
  }

  async write(letters: readonly Letter[]): Promise<void> {
    if (letters.length === 0) return;
    await this.handle.writeFile(letters.map(letter => `${JSON.stringify(plainLetter(letter))}\n`).join(''));
    await this.handle.sync();
    this.written += letters.length;
  }

  async finish(): Promise<void> {
    await this.handle.close();
    if (this.finalName !== undefined) await rename(this.path, this.finalName);
  }

  /** Removes a file that is not whole. */
  async abandon(): Promise<void> {
    await this.handle.close();
    if (this.finalName !== undefined) await rm(this.path, { force: true });
  }
}
