import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { HeldClaim } from '../../inbox/held-claim.js';
import type { Admission, Inbox } from '../../inbox/inbox.js';
import type { Delivery } from '../delivery.js';
import type { MessageDecoder } from './message-decoder.js';
import { backoffSeconds, type RetryRules, type Settlement } from '../settle/retry-policy.js';

export interface InboxGateOptions {
  inbox: Inbox;
  decode: MessageDecoder;
  rules: RetryRules;
  /** The store tells how often the event was started in all processes. */
  knowsAttempts: boolean;
  random?: () => number;
}

/** What becomes of a delivery by the inbox; neither `settlement` nor `failure`: it is run. */
export interface Entry {
  settlement?: Settlement;
  /** It may not be run, and that is a failed attempt. */
  failure?: { error: unknown };
  /** Undefined: the inbox does not know. */
  attempt?: number;
}

/** An event whose process died that many times beyond `maxReceiveCount` is what they die of. As the redrive policy's (docs/adr/0007). */
const DEATHS = 5;

/** Between a delivery and its handler: claims its event in the inbox before, and marks it done or releases it after. */
export class InboxGate {
  private readonly random: () => number;

  constructor(private readonly options: InboxGateOptions) {
    this.random = options.random ?? Math.random;
  }

  async enter(delivery: Delivery): Promise<Entry> {
    try {
      delivery.envelope ??= await this.options.decode(delivery.message);
    } catch {
      // The dispatcher comes to the same end, and says why.
      return {};
    }
    const admission = await this.options.inbox.admit(delivery.envelope);
    switch (admission.kind) {
      case 'skip':
        return { settlement: { kind: 'delete', skipped: admission.why } };
      case 'wait':
        return { settlement: { kind: 'wait', why: admission.why, seconds: this.secondsOf(admission, delivery) } };
      case 'failed':
        delivery.claim = admission.claim;
        return { failure: { error: admission.error } };
      case 'run':
        delivery.claim = admission.claim;
        return this.run(admission, delivery);
    }
  }

  /**
   * Tells the inbox how it ended, before the message is settled. False: it must not be settled, and stays with SQS. A
   * dead letter is told after it, by {@link leave}.
   */
  async finish(delivery: Delivery, settlement: Settlement): Promise<boolean> {
    const { claim } = delivery;
    if (!claim) return true;
    if (settlement.kind === 'delete' && !delivery.mayHaveStopped) return this.whileHeld(delivery, claim);
    if (settlement.kind !== 'dead-letter') await this.leave(delivery, 'failed');
    return true;
  }

  /** Ends the claim without its event being done. */
  async leave(delivery: Delivery, reason: 'failed' | 'unstarted' | 'dead-lettered'): Promise<void> {
    const { claim } = delivery;
    delivery.claim = undefined;
    if (claim) await this.options.inbox.release(claim, reason);
  }

  /** Renews the claims of these deliveries; gives those that have lost theirs. */
  async renew(deliveries: readonly Delivery[]): Promise<Delivery[]> {
    const claims = deliveries.map(({ claim }) => claim).filter(claim => claim !== undefined);
    const lost: ReadonlySet<HeldClaim | undefined> = new Set(await this.options.inbox.renew(claims));
    return deliveries.filter(({ claim }) => claim !== undefined && lost.has(claim));
  }

  private run({ attempt }: Admission & { kind: 'run' }, { message }: Delivery): Entry {
    const { rules, knowsAttempts } = this.options;
    if (attempt === undefined || !knowsAttempts) return {};
    if (attempt <= rules.maxReceiveCount + DEATHS) return { attempt };
    const text = `Message ${message.MessageId ?? ''} was started ${attempt - 1} times and never came to an end: its process died each time, or lost its lease`;
    return { attempt: attempt - 1, failure: { error: new SnsSqsError('ATTEMPTS_EXHAUSTED', text) } };
  }

  private secondsOf(wait: Admission & { kind: 'wait' }, { receiveCount }: Delivery): number {
    if (wait.seconds !== undefined) return wait.seconds;
    const { backoff } = this.options.rules;
    const bounded = { ...backoff, maxSeconds: Math.min(backoff.maxSeconds, wait.boundSeconds ?? Infinity) };
    return Math.max(1, backoffSeconds(receiveCount, bounded, this.random));
  }

  /** It is still renewed by the heartbeat, which aborts the signal when the lease is lost. */
  private async whileHeld(delivery: Delivery, claim: HeldClaim): Promise<boolean> {
    const isDone = await this.options.inbox.finish(claim, () => !delivery.leaseLost && !delivery.settled);
    delivery.claim = undefined;
    return isDone;
  }
}
