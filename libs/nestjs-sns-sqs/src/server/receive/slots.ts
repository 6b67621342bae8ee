import { WaitingTurns } from './waiting-turns.js';

/** Somebody who wants slots: told when one may be had. */
export interface SlotUser {
  /** Share of the slots beside other users. @default 1 */
  readonly weight?: number;
  /** A slot was freed, and this user is next. */
  pump(): void;
}

/**
 * Permissions to have a message in work, shared by the queues of a server. When there are not enough, they go round by
 * weight: of the queues that wait the one is next that has had the least for its weight, so that a flooded one does not
 * starve the others (stride scheduling).
 */
export class Slots {
  private taken = 0;
  /** Each with its turn: the lowest is offered the next slot, and of these who has waited longest. */
  private readonly waiting = new WaitingTurns<SlotUser>();
  /** The turn after a user's last one. */
  private readonly turns = new WeakMap<SlotUser, number>();
  /** The turn of the last slot that somebody waited for: who comes later saves up nothing. */
  private turn = 0;

  constructor(private readonly limit: number) {}

  get free(): number {
    return this.limit - this.taken;
  }

  /** False: none is free, or others wait for longer; then `user` will be told. */
  take(user: SlotUser): boolean {
    if (this.taken < this.limit && this.waiting.size === 0) {
      this.taken += 1;
      return true;
    }
    this.wait(user);
    if (this.taken >= this.limit || this.waiting.first !== user) return false;
    const turn = this.waiting.turnOf(user) ?? this.turn;
    this.waiting.delete(user);
    this.turn = turn;
    this.turns.set(user, turn + 1 / (user.weight ?? 1));
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

  private wait(user: SlotUser): void {
    if (this.waiting.turnOf(user) !== undefined) return;
    this.waiting.add(user, Math.max(this.turn, this.turns.get(user) ?? 0));
  }

  private offer(): void {
    this.waiting.first?.pump();
  }
}
