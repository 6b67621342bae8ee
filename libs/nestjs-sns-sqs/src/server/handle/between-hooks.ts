import type { SqsContext } from '../../ctx-host/sqs.context.js';

/** Nest's processing hooks, as a server has them. */
export interface NestHooks {
  /** Typed as void by Nest, and asynchronous where an instrumentation makes it so. */
  start: (context: SqsContext, done: () => Promise<void>) => Promise<void> | void;
  end: (context: SqsContext) => void;
}

/** Runs `work` between the hooks. One may call `done` and return without waiting for it, so the work is awaited on its own. */
export async function betweenHooks(hooks: NestHooks, context: SqsContext, work: () => Promise<void>): Promise<void> {
  let running: Promise<void> | undefined;
  const done = (): Promise<void> => (running ??= work());
  try {
    await hooks.start(context, done);
    await done();
  } finally {
    hooks.end(context);
  }
}
