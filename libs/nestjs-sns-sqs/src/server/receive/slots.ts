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
    if (this.taken >= this.limit || !this.isNext(user)) {
      this.waiting.add(user);
      return false;
    }
    if (this.waiting.size > 0) this.waiting.delete(user);
    this.taken += 1;
    return true;
  }

  release(): void {
    this.taken -= 1;
    if (this.waiting.size > 0) this.offer();
  }

  /** `user` has nothing to run any more. */
  forget(user: SlotUser): void {
    if (this.waiting.size > 0 && this.waiting.delete(user) && this.taken < this.limit) this.offer();
  }

  private isNext(user: SlotUser): boolean {
    if (this.waiting.size === 0) return true;
    const [first] = this.waiting;
    return first === user;
  }

  private offer(): void {
    const [next] = this.waiting;
    next?.pump();
  }
}
