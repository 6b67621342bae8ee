import { TimeLimit } from '../async/time-limit.js';
import { isThenable } from '../events/user-code.js';
import type {
  InboxClaim,
  InboxClaimResult,
  InboxDone,
  InboxReleaseReason,
  InboxStore,
  MaybePromise,
} from '../interfaces/inbox-store.interface.js';
import type { SteeringStore } from '../interfaces/steering-store.interface.js';
import { isOwn } from './own-store.js';
import {
  anyAnswer,
  claimAnswer,
  doneAnswer,
  grantAnswer,
  outlookAnswer,
  renewAnswer,
  textsAnswer,
  waitAnswer,
  type AnswerCheck,
} from './store-answers.js';

/** A call of a store that is the user's own has failed after so long, in milliseconds. The stores of this library have their own limits. */
const ANSWER_WITHIN_MS = 10_000;

/**
 * A store as the library calls it. A store of the user's own may never answer, or answer with something else than its
 * interface says: both are failures of the call, so that the queue waits and says why.
 */
export class CheckedStore implements InboxStore {
  readonly isShared: boolean;
  readonly steering: SteeringStore | undefined;
  readonly doneIn: InboxStore['doneIn'];
  readonly putOff: InboxStore['putOff'];
  readonly callIn: InboxStore['callIn'];
  private readonly limit = new TimeLimit(ANSWER_WITHIN_MS);
  /** The methods of the class, where it is this library's. */
  private readonly own: InboxStore | undefined;

  constructor(private readonly inner: InboxStore) {
    this.own = isOwn(inner) ? (Object.getPrototypeOf(inner) as InboxStore) : undefined;
    this.isShared = inner.isShared;
    this.steering = inner.steering && this.checkedSteering(inner.steering);
    // Each of them is optional.
    if (inner.doneIn) this.doneIn = async (...args) => inner.doneIn?.(...args);
    if (inner.putOff) this.putOff = waiting => this.check('putOff', inner.putOff?.(waiting), outlookAnswer) as never;
    if (inner.callIn)
      this.callIn = (queue, places) => this.check('callIn', inner.callIn?.(queue, places), textsAnswer) as never;
  }

  /** Of the class, for what is said of it. */
  get name(): string {
    return this.inner.constructor.name;
  }

  /** It and {@link done}, the two calls for each message, do not look methods up by name: {@link check} does. */
  claim(claim: InboxClaim, leaseMs: number): MaybePromise<InboxClaimResult> {
    const { inner, own } = this;
    const given = inner.claim(claim, leaseMs);
    return own?.claim === inner.claim ? given : this.checked('claim', given, claimAnswer);
  }

  renew(claims: readonly InboxClaim[], leaseMs: number): MaybePromise<boolean[]> {
    return this.check('renew', this.inner.renew(claims, leaseMs), renewAnswer(claims.length));
  }

  done(claim: InboxClaim, done: InboxDone): MaybePromise<boolean> {
    const { inner, own } = this;
    const given = inner.done(claim, done);
    return own?.done === inner.done ? given : this.checked('done', given, doneAnswer);
  }

  release(claim: InboxClaim, reason: InboxReleaseReason, gapAt?: string, backInMs?: number): MaybePromise<boolean> {
    return this.check('release', this.inner.release(claim, reason, gapAt, backInMs), anyAnswer);
  }

  ping(): MaybePromise<void> {
    return this.check('ping', this.inner.ping(), anyAnswer);
  }

  /** For the end: no call is given up any more. */
  stop(): void {
    this.limit.stop();
  }

  /** But for a method of this library that nobody has put another in the place of. */
  private check<T>(method: keyof InboxStore, given: MaybePromise<T>, check: AnswerCheck): MaybePromise<T> {
    const isOwnMethod = this.own !== undefined && this.inner[method] === this.own[method];
    return isOwnMethod ? given : this.checked(method, given, check);
  }

  private checked<T>(method: string, given: MaybePromise<T>, check: AnswerCheck): MaybePromise<T> {
    return isThenable(given) ? this.inTime(method, given, check) : fitting(method, given, check);
  }

  private inTime<T>(method: string, given: PromiseLike<T>, check: AnswerCheck): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = `its ${method}() has not answered within ${ANSWER_WITHIN_MS} ms`;
      // What came while the event loop stood still is read first.
      const running = this.limit.begin(() => void setImmediate(() => reject(new Error(late))));
      const answered = Promise.resolve(given).finally(() => this.limit.end(running));
      answered.then(answer => fitting(method, answer, check)).then(resolve, reject);
    });
  }

  private checkedSteering(steering: SteeringStore): SteeringStore {
    if (this.own) return steering;
    return {
      takeRate: (queue, wanted, ...more) =>
        this.checked('takeRate', steering.takeRate(queue, wanted, ...more), grantAnswer(wanted)),
      takeTurn: (...args) => this.checked('takeTurn', steering.takeTurn(...args), waitAnswer),
      setPaused: (...args) => this.checked('setPaused', steering.setPaused(...args), anyAnswer),
      pausedQueues: scope => this.checked('pausedQueues', steering.pausedQueues(scope), textsAnswer),
    };
  }
}

/** The class of a store, for what is said of it. */
export const storeName = (store: InboxStore): string =>
  store instanceof CheckedStore ? store.name : store.constructor.name;

function fitting<T>(method: string, answer: T, check: AnswerCheck): T {
  const unfit = check(answer);
  if (unfit === undefined) return answer;
  throw new Error(`the answer of its ${method}() ${unfit}; see the interface InboxStore`);
}
