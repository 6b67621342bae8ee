import type { Ids } from '../ids.js';

export interface Receipt {
  order: number;
  lease: number;
}

const HANDLE = /^AQEB([0-9a-f]{8})([0-9a-f]{12})([0-9a-f]{12})([0-9a-f]{16})$/;
const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');

/** Handles name a message of a queue and one receive of it. A seal keeps callers from inventing one. */
export class ReceiptHandles {
  private readonly queueTag: string;

  constructor(
    private readonly ids: Ids,
    private readonly queueNumber: number,
  ) {
    this.queueTag = hex(queueNumber, 8);
  }

  issue(order: number, lease: number): string {
    return `AQEB${this.queueTag}${hex(order, 12)}${hex(lease, 12)}${this.ids.seal(this.queueNumber, order, lease)}`;
  }

  /** Undefined for what was never a handle of this queue. */
  read(handle: string): Receipt | undefined {
    const match = HANDLE.exec(handle);
    if (!match || match[1] !== this.queueTag) return undefined;
    const order = Number.parseInt(match[2], 16);
    const lease = Number.parseInt(match[3], 16);
    return this.ids.seal(this.queueNumber, order, lease) === match[4] ? { order, lease } : undefined;
  }
}
