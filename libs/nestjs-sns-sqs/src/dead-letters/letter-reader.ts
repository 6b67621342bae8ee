import { SQS_MAX_VISIBILITY_SECONDS } from '../constants.js';
import type { DeadLetterPlane } from './dead-letter-plane.js';
import { findDeadLetterQueue, type QueueFacts } from './dead-letter-queue.js';
import { letterNotFound } from './desk-errors.js';
import type { LookSettings } from './desk-options.js';
import type { Letter } from './letter.js';
import { LetterTray } from './letter-tray.js';
import { lookThrough, type Coverage, type LookOptions } from './look-through.js';

/** A look lasts as long as SQS needs to hand out the letters; if this process dies, they are visible again by then. */
const lookSeconds = ({ messages }: QueueFacts): number =>
  Math.min(SQS_MAX_VISIBILITY_SECONDS, 30 + Math.ceil(messages / 200));
/** For a letter that is sent or deleted; extended as needed. */
const WORK_SECONDS = 300;

/** Reads letters of a queue. */
export class LetterReader {
  constructor(
    private readonly plane: DeadLetterPlane,
    private readonly maxRead: number,
    private readonly now: () => number,
  ) {}

  /** Holds letters that are to be sent or deleted. */
  workTray(queue: QueueFacts): LetterTray {
    return this.trayOf(queue, WORK_SECONDS);
  }

  lookOptions(queue: QueueFacts, tray: LetterTray, { onProgress, signal }: LookSettings): LookOptions {
    return { tray, queue, maxRead: this.maxRead, onProgress, signal };
  }

  /** Whatever happens, the letters are given back. */
  async look(
    name: string,
    settings: LookSettings,
    visit: (letters: Letter[]) => void | Promise<void>,
  ): Promise<Coverage> {
    const queue = await findDeadLetterQueue(this.plane, name);
    const tray = this.trayOf(queue, lookSeconds(queue));
    try {
      return await lookThrough(this.lookOptions(queue, tray, settings), visit);
    } finally {
      await tray.giveBack();
    }
  }

  /** The letter stays in the tray. Rejects with LETTER_NOT_FOUND. */
  async find(queue: QueueFacts, tray: LetterTray, id: string): Promise<Letter> {
    let wanted: Letter | undefined;
    await lookThrough(this.lookOptions(queue, tray, {}), letters => {
      wanted = letters.find(letter => letter.id === id);
      return wanted && 'stop';
    });
    if (!wanted) throw letterNotFound(queue.name, id);
    return wanted;
  }

  private trayOf(queue: QueueFacts, leaseSeconds: number): LetterTray {
    return new LetterTray({ plane: this.plane, queue, leaseSeconds, now: this.now });
  }
}
