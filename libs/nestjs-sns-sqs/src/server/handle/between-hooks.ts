import type { SqsContext } from '../../ctx-host/sqs.context.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';

/** Nest's processing hooks, as a server has them. */
export interface NestHooks {
  /** Typed as void by Nest, and asynchronous where an instrumentation makes it so. */
  start: (context: SqsContext, done: () => Promise<void>) => unknown;
  /** Never throws. */
  end: (context: SqsContext) => void;
  /** What a start hook threw after the handler had begun: the handler's own end counts. Never throws. */
  onThrown: (error: unknown) => void;
}

/**
 * Runs `work` between the hooks, as Nest does: when the start hook calls `done`, in that very call and its async
 * context, be it later. A hook that throws before that has refused the message; one that has not called `done` after
 * `timeoutMs` has failed it, and a later call runs nothing. The end hook is called once for each handler that began.
 */
export function betweenHooks(
  hooks: NestHooks,
  context: SqsContext,
  work: () => Promise<void>,
  timeoutMs: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let running: Promise<void> | undefined;
    let isRefused = false;
    const refuse = (error: Error): void => {
      clearTimeout(timer);
      if (running) return hooks.onThrown(error);
      isRefused = true;
      reject(error);
    };
    const timer = setTimeout(() => refuse(notCalled(context, timeoutMs)), timeoutMs);
    timer.unref();
    const run = async (): Promise<void> => {
      try {
        await work();
      } finally {
        hooks.end(context);
      }
    };
    const done = (): Promise<void> => {
      if (isRefused) return Promise.resolve();
      if (running) return running;
      clearTimeout(timer);
      running = run();
      running.then(resolve, reject);
      return running;
    };
    // It may call `done` and return without waiting for it, or return before it calls it.
    callStart(hooks, context, done).catch((error: unknown) => {
      // What the work rejected with, handed on by the hook, is no failure of the hook's.
      if (!running) return refuse(error as Error);
      return running.then(
        () => hooks.onThrown(error),
        (own: unknown) => own !== error && hooks.onThrown(error),
      );
    });
  });
}

/** Asynchronous for what it throws only: it is called at once. */
async function callStart(hooks: NestHooks, context: SqsContext, done: () => Promise<void>): Promise<void> {
  await hooks.start(context, done);
}

const notCalled = (context: SqsContext, timeoutMs: number): SnsSqsError =>
  new SnsSqsError('HANDLER_TIMEOUT', {
    problem: `The processing start hook has not called \`done\` within handlerTimeoutMs (${timeoutMs} ms), so that the handler on ${context.getQueue()} did not begin`,
    remedy: 'call `done` in the hook that setOnProcessingStartHook() was given',
    retryable: true,
    facts: { queue: context.getQueue() },
  });
