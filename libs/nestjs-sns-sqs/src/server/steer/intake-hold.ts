/** Why a queue takes nothing for a while. */
export type HoldReason = 'paused' | 'circuit-open';

/** Who takes messages in. */
export interface HeldIntake {
  /** What was not started goes back, and receives that wait end. */
  handBack(): void;
  /** Messages may be received again. */
  reopen(): void;
}

/** A queue that takes nothing while there is a reason not to. */
export class IntakeHold {
  private readonly reasons = new Set<HoldReason>();

  constructor(private readonly intake: HeldIntake) {}

  get isHeld(): boolean {
    return this.reasons.size > 0;
  }

  has(reason: HoldReason): boolean {
    return this.reasons.has(reason);
  }

  /** False: it was held for that reason before. */
  hold(reason: HoldReason): boolean {
    if (this.reasons.has(reason)) return false;
    const wasHeld = this.isHeld;
    this.reasons.add(reason);
    if (!wasHeld) this.intake.handBack();
    return true;
  }

  /** False: it was not held for that reason. */
  release(reason: HoldReason): boolean {
    if (!this.reasons.delete(reason)) return false;
    if (!this.isHeld) this.intake.reopen();
    return true;
  }
}
