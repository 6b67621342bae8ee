/** Somebody who wants slots: told when one may be had. */
export interface SlotUser {
  /** A slot was freed, and this user is next. */
  pump(): void;
}

/**
 * Permissions to have a message in work, shared by the queues of a server. When there are not enough, they go round:
 * a freed slot is offered to each waiting queue in turn, so that a flooded one does not starve the others.
 */
export class Slots {
  private taken = 0;
  /** In the order in which they are offered the next slot. */
  private readonly waiting = new Set<SlotUser>();

  constructor(private readonly limit: number) {}

  get free(): number {
    return this.limit - this.taken;
  }

  /** False: none is free, or others wait for longer; then `user` will be told. */
  take(user: SlotUser): boolean {
    const [first] = this.waiting;
    if (this.taken >= this.limit || (first !== undefined && first !== user)) {
      this.waiting.add(user);
      return false;
    }
    this.waiting.delete(user);
    this.taken += 1;
    return true;
  }

  release(): void {
    this.taken -= 1;
    const [next] = this.waiting;
    next?.pump();
  }

  /** `user` has nothing to run any more. */
  forget(user: SlotUser): void {
    if (!this.waiting.delete(user)) return;
    const [next] = this.waiting;
    if (this.taken < this.limit) next?.pump();
  }
}
