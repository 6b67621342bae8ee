// Preloaded (`node --import`) by the services of a soak: writes to EFFECT_LOG, one JSON object a line, what their
// handlers have done and what AWS has accepted from them. The services themselves are as built.
import { channel } from 'node:diagnostics_channel';
import { openSync, writeSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { NestFactory } from '@nestjs/core';
import { tap } from 'rxjs';

const HEAP_EVERY_MS = 5_000;
const file = openSync(process.env.EFFECT_LOG, 'a');
/** At once and in one write: a process that is killed has written what it has done, and lines do not mix. */
const note = fact => writeSync(file, `${JSON.stringify({ ...fact, at: Date.now(), pid: process.pid })}\n`);

const interceptor = {
  intercept(execution, next) {
    if (execution.getType() !== 'rpc') return next.handle();
    const context = execution.switchToRpc().getContext();
    const { MessageId: message, Attributes: { MessageGroupId: group, SequenceNumber: sequence } = {} } =
      context.getMessage();
    const { id, subject, sequence: version } = context.getMetadata();
    const fact = { queue: context.getQueue(), id, message, group, sequence, subject, version };
    return next.handle().pipe(
      tap({
        complete: () => note({ what: 'done', ...fact }),
        error: error => note({ what: 'failed', ...fact, why: String(error?.message ?? error).slice(0, 200) }),
      }),
    );
  },
};

for (const name of ['create', 'createMicroservice']) {
  const original = NestFactory[name];
  NestFactory[name] = async function (...args) {
    const app = await original.apply(this, args);
    app.useGlobalInterceptors(interceptor);
    return app;
  };
}

channel('nestjs-sns-sqs:published').subscribe(({ destination, type, id, error }) => {
  if (!error) note({ what: 'published', destination, type, id });
});

if (process.env.WATCH_MEMORY) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const watch = () => {
    collect();
    note({ what: 'memory', ...process.memoryUsage() });
  };
  setInterval(watch, HEAP_EVERY_MS).unref();
}
