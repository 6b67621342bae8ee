import { setImmediate as nextTurn } from 'node:timers/promises';
import { types } from 'node:util';
import type { MessageHandler } from '@nestjs/microservices';
import { isObservable, type Observable } from 'rxjs';
import { isThenable } from '../../events/user-code.js';

/** A call of a handler as far as its end is concerned: that of one delivery, or of a batch. */
export interface HandlerCall {
  /** For log lines. */
  readonly messageId: string;
  /** The reason for which the handler was told to stop. */
  readonly abortReason: Error | undefined;
  /** Ends a handler that streams, which a signal does not. */
  cutOff: ((reason: Error) => void) | undefined;
  /** Tells the handler to stop. */
  abort(reason: Error): void;
  /** The handler works on this too. */
  noteWork(work: Promise<unknown>): void;
  /** Calls back when what the handler does behind interceptors has ended. */
  afterWork(then: () => void): void;
}

type Fail = (error: Error) => void;

/** Calls back when what the handler gives has ended: not async, which would cost each message two promises more. */
export function callHandler(
  handler: MessageHandler,
  data: unknown,
  context: unknown,
  call: HandlerCall,
  end: () => void,
  fail: Fail,
): void {
  const ended = (result: unknown): void => {
    try {
      if (isObservable(result)) return drain(result, call, end, fail);
      const work = workIn(result, call);
      if (work) work.then(end, fail);
      else end();
    } catch (error) {
      // What it gave throws when it is looked at, or subscribed to.
      fail(error as Error);
    }
  };
  Promise.resolve(handler(data, context)).then(ended, fail);
}

/**
 * Runs a stream to its end, or until its call is told to stop: then it is unsubscribed, and has ended. What works on
 * behind it is waited for, whatever an interceptor made of it in the meantime: `timeout()` fails, `takeUntil()` completes,
 * and neither stops a handler. Promises that it emits are waited for too, and a rejection fails the call.
 */
function drain(items: Observable<unknown>, call: HandlerCall, end: () => void, fail: Fail): void {
  const { abortReason } = call;
  if (abortReason) return call.afterWork(() => fail(abortReason));
  let isOver = false;
  let broken: { error: unknown } | undefined;
  const subscription = items.subscribe({
    next: item => {
      const promised = isThenable(item) ? Promise.resolve(item) : workIn(item, call);
      if (!promised) return;
      promised.catch((error: unknown) => (broken ??= { error }));
      call.noteWork(promised);
    },
    error: (error: Error) => {
      isOver = true;
      failAfterWork(call, error, fail);
    },
    complete: () => {
      isOver = true;
      call.afterWork(() => (broken ? fail(broken.error as Error) : end()));
    },
  });
  // A name first: V8 makes a function that is written into a property live until a full collection, and with it the message.
  const cutOff = (reason: Error): void => {
    if (isOver) return;
    isOver = true;
    try {
      subscription.unsubscribe();
    } catch {
      // A teardown of the user's; the stream has ended all the same.
    }
    call.afterWork(() => fail(reason));
  };
  call.cutOff = cutOff;
}

/**
 * What is still to be done in a result that is no promise: a generator has done nothing until somebody asks for its
 * values, and `events.map(async event => …)` gives promises in an array. Undefined: nothing.
 */
function workIn(result: unknown, call: HandlerCall): Promise<void> | undefined {
  if (types.isGeneratorObject(result)) return toItsEnd(result, call);
  // One look, not one for each row that a handler may return.
  return Array.isArray(result) && isThenable(result[0]) ? allEnded(result) : undefined;
}

async function allEnded(promises: readonly unknown[]): Promise<void> {
  const rejected = (await Promise.allSettled(promises)).find(({ status }) => status === 'rejected');
  if (rejected) throw (rejected as PromiseRejectedResult).reason;
}

/** Of a generator that gives its values without a pause: after so many the event loop has a turn. */
const VALUES_A_TURN = 1_000;

/** A generator has ended when it gives no more values; when its call is told to stop it is closed at its next value, and has failed. */
async function toItsEnd(values: Iterable<unknown> | AsyncIterable<unknown>, call: HandlerCall): Promise<void> {
  let count = 0;
  for await (const _ of values) {
    count += 1;
    if (count % VALUES_A_TURN === 0) await nextTurn();
    if (call.abortReason) throw call.abortReason;
  }
}

/** A handler that still works although its call has failed is told to stop. */
function failAfterWork(call: HandlerCall, error: Error, fail: Fail): void {
  let hasEnded = false;
  call.afterWork(() => {
    hasEnded = true;
    fail(error);
  });
  if (hasEnded) return;
  setImmediate(() => {
    if (!hasEnded) call.abort(error);
  });
}
