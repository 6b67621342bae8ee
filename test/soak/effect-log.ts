// Preloaded (`node --import`) by the services of a soak: writes to EFFECT_LOG, one JSON object a line, what their
// handlers have done and what AWS has accepted from them. The services themselves are as built.
import { channel } from 'node:diagnostics_channel';
import { openSync, writeSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { tap, type Observable } from 'rxjs';
import type { PublishedEvent } from '#lib/events/diagnostics.js';
import type { SqsBatchContext } from '#lib/ctx-host/sqs-batch.context.js';
import type { SqsContext } from '#lib/ctx-host/sqs.context.js';
import { trueNow } from './stepped-clock.ts';

const HEAP_EVERY_MS = 5_000;
const release = Number(process.env['SOAK_RELEASE'] ?? 1);
const file = openSync(process.env['EFFECT_LOG'] ?? '', 'a');
/** At once and in one write: a process that is killed has written what it has done, and lines do not mix. */
const note = (fact: object): unknown =>
  writeSync(file, `${JSON.stringify({ ...fact, at: trueNow(), pid: process.pid, release })}\n`);

function factOf(context: SqsContext): object {
  const { MessageId: message, Attributes = {} } = context.getMessage();
  const { MessageGroupId: group, SequenceNumber: sequence } = Attributes;
  const { id, subject, sequence: version } = context.getMetadata();
  return { queue: context.getQueue(), id, message, group, sequence, subject, version };
}

/**
 * With `markDoneIn` the effect is there with the commit, and the next event of its subject may then run elsewhere before
 * this handler has returned. The mark comes before its own commit and after that of the event before it.
 */
function noteMark(context: SqsContext, fact: object): void {
  const markDoneIn = context.markDoneIn.bind(context);
  context.markDoneIn = async transaction => {
    await markDoneIn(transaction);
    note({ what: 'marked', ...fact });
  };
}

const interceptor: NestInterceptor = {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (execution.getType() !== 'rpc') return next.handle();
    // The handler of a batch has a context for each of its messages.
    const given = execution.switchToRpc().getContext<SqsContext | SqsBatchContext>();
    const contexts = Array.isArray(given) ? [...given] : [given];
    const facts = contexts.map(factOf);
    for (const [at, context] of contexts.entries()) noteMark(context, facts[at] ?? {});
    return next.handle().pipe(
      tap({
        complete: () => facts.forEach(fact => note({ what: 'done', ...fact })),
        error: (error: unknown) => {
          const why = String(error instanceof Error ? error.message : error).slice(0, 200);
          for (const fact of facts) note({ what: 'failed', ...fact, why });
        },
      }),
    );
  },
};

interface App {
  useGlobalInterceptors(...interceptors: NestInterceptor[]): unknown;
}

const factory = NestFactory as unknown as Record<string, (...args: unknown[]) => Promise<App>>;
for (const name of ['create', 'createMicroservice']) {
  const original = factory[name];
  factory[name] = async (...args) => {
    const app = await original?.apply(NestFactory, args);
    if (!app) throw new Error(`NestFactory.${name} is no function`);
    app.useGlobalInterceptors(interceptor);
    return app;
  };
}

channel('nestjs-sns-sqs:published').subscribe(message => {
  const { destination, type, id, error } = message as PublishedEvent;
  if (!error) note({ what: 'published', destination, type, id });
});

if (process.env['WATCH_MEMORY']) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const watch = (): void => {
    collect();
    note({ what: 'memory', ...process.memoryUsage() });
  };
  setInterval(watch, HEAP_EVERY_MS).unref();
}
