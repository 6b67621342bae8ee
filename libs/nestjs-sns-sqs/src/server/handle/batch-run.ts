import type { LoggerService } from '@nestjs/common';
import { abortController } from '../../async/abort.js';
import { SqsBatchContext, type SqsBatchContextState } from '../../ctx-host/sqs-batch.context.js';
import { failuresByIndex, isBatchFailure } from '../../errors/batch-failure.js';
import { outcomeOf } from '../../errors/handler-outcomes.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { guardListeners } from '../../events/guarded-signal.js';
import type { ElementClass } from '../../interfaces/handler-options.interface.js';
import type { BatchMember, MemberOutcome } from './batch-call.js';
import { pipeEach, type PipedBatch } from './batch-pipes.js';
import type { HandlerCall } from './handler-call.js';
import { afterEnd, enterHandler, workBeside, type HandlerEntry } from '../handler-entry.js';
import { NOTE_THROWN, type NotesThrown } from './outcomes-before-filters.js';
import { ENTER, NOTE_WORK, type NotesWork } from './watch-handlers.js';

const DONE: MemberOutcome = { kind: 'done' };
const HELD_BACK: MemberOutcome = { kind: 'held-back' };

/** One call of a handler for many messages: what it gets, how it is told to stop, and the result of each message. */
export class BatchRun implements HandlerCall, HandlerEntry, PipedBatch {
  readonly payloads: unknown[];
  readonly contexts: SqsBatchContext;
  cutOff: ((reason: Error) => void) | undefined;
  private readonly controller = abortController();
  /** By place: refused by a pipe. The handler gets the others. */
  private refused: ReadonlyMap<number, unknown> = new Map();
  /** What the handler threw to say of its messages, whatever filters make of it. */
  private thrown: unknown;
  private work: Promise<unknown> | undefined;
  private isSignalTaken = false;
  hasEntered = false;
  isKeptOut = false;

  constructor(
    private readonly members: readonly BatchMember[],
    private readonly queue: string,
    readonly items: ElementClass | undefined,
    private readonly logger: Pick<LoggerService, 'error'>,
  ) {
    this.payloads = members.map(({ payload }) => payload);
    pipeEach(this.payloads, this);
    this.contexts = new SqsBatchContext(
      new BatchState(this, queue),
      members.map(({ context }) => context),
    );
    // A message whose lease is lost is not the batch's any more; one that has none at all stops.
    for (const { delivery } of members) delivery.cutOff = reason => this.onMemberStopped(reason);
  }

  get messageId(): string {
    const [first, ...others] = this.members;
    const id = first?.delivery.messageId ?? '';
    return others.length === 0 ? id : `${id} and ${others.length} more of its batch`;
  }

  /** For the handler, which may stop in the middle by it. */
  takeSignal(): AbortSignal {
    this.isSignalTaken = true;
    if (this.controller.signal.aborted) this.noteToldToStop();
    const what = `${this.queue}: a listener of the signal of a batch`;
    return guardListeners(this.controller.signal, what, this.logger);
  }

  get abortReason(): Error | undefined {
    const { aborted, reason } = this.controller.signal;
    return aborted ? (reason as Error) : undefined;
  }

  get pattern(): string {
    return this.members[0]?.context.getPattern() ?? '';
  }

  abort(reason: Error): void {
    if (this.controller.signal.aborted) return;
    if (this.isSignalTaken) this.noteToldToStop();
    this.controller.abort(reason);
    for (const { delivery } of this.members) delivery.abort(reason);
    this.cutOff?.(reason);
  }

  /** The lease of some may be lost, of which the handler is told. */
  enter(): Error | undefined {
    return enterHandler(
      this,
      this.members.some(({ delivery }) => !delivery.isHeldBack && !delivery.isLeaseOver),
    );
  }

  noteWork(work: Promise<unknown>): void {
    this.work = workBeside(this.work, work);
  }

  afterWork(then: () => void): void {
    afterEnd(this.work, then);
  }

  noteThrown(error: unknown): void {
    if (asksForMore(error)) this.thrown = error;
  }

  refuse(reasons: ReadonlyMap<number, unknown>): void {
    this.refused = new Map([...this.refused, ...reasons]);
    this.contexts.length = 0;
    for (const { context } of this.kept) this.contexts.push(context);
  }

  /** The result of each message, in their order. @param failure what the call failed with; undefined: it has not */
  outcomes(failure: { error: unknown } | undefined): MemberOutcome[] {
    const isTimeUp = failure !== undefined && failure.error === this.abortReason;
    if (this.isKeptOut && !isTimeUp) return this.members.map(() => HELD_BACK);
    const error = this.verdict(failure);
    const failures = error && isBatchFailure(error.error) ? failuresByIndex(error.error, this.kept.length) : undefined;
    const isUnfit = error !== undefined && isBatchFailure(error.error) && !failures;
    const ofAll = isUnfit ? this.unfit(error.error) : error?.error;
    let at = 0;
    return this.members.map((_, place): MemberOutcome => {
      if (this.refused.has(place)) return { kind: 'failed', error: this.refused.get(place) };
      const index = at++;
      if (!error) return DONE;
      if (!failures) return { kind: 'failed', error: ofAll };
      return failures.has(index) ? { kind: 'failed', error: failures.get(index) } : DONE;
    });
  }

  /** What the handler threw to say of its messages counts more than what filters made of it; the end of its time counts most. */
  private verdict(failure: { error: unknown } | undefined): { error: unknown } | undefined {
    if (this.thrown === undefined) return failure;
    const isOwn = failure && (failure.error === this.abortReason || asksForMore(failure.error));
    return isOwn ? failure : { error: this.thrown };
  }

  private get kept(): BatchMember[] {
    return this.members.filter((_, place) => !this.refused.has(place));
  }

  private unfit(cause: unknown): SnsSqsError {
    return new SnsSqsError('INVALID_BATCH_FAILURE', {
      problem: `A handler on ${this.queue} threw a BatchFailure that does not fit its batch of ${this.kept.length} messages, so no message of the batch is done`,
      remedy: 'name each failed message by its index in the array that the handler was given, from 0',
      retryable: true,
      cause,
      facts: { queue: this.queue },
    });
  }

  /** As if the handler had been told by the signal of each message. */
  private noteToldToStop(): void {
    for (const { delivery } of this.members) delivery.noteToldToStop();
  }

  private onMemberStopped(reason: Error): void {
    if (this.members.every(({ delivery }) => delivery.abortReason)) this.abort(reason);
  }
}

/** The handler says by it what becomes of its messages. */
const asksForMore = (error: unknown): boolean => isBatchFailure(error) || outcomeOf(error).kind !== 'failed';

/** What the context of a batch is made of. */
class BatchState implements SqsBatchContextState, NotesWork, NotesThrown {
  constructor(
    private readonly run: BatchRun,
    readonly queue: string,
  ) {}

  get pattern(): string {
    return this.run.pattern;
  }

  get signal(): AbortSignal {
    return this.run.takeSignal();
  }

  [ENTER](): Error | undefined {
    return this.run.enter();
  }

  [NOTE_WORK](work: Promise<unknown>): void {
    this.run.noteWork(work);
  }

  [NOTE_THROWN](error: unknown): boolean {
    this.run.noteThrown(error);
    return true;
  }
}
