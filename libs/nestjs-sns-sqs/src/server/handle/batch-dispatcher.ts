import type { LoggerService } from '@nestjs/common';
import type { SqsBatchContext } from '../../ctx-host/sqs-batch.context.js';
import { outcomeOf } from '../../errors/handler-outcomes.js';
import { announce, isObserved } from '../../events/diagnostics.js';
import type { HandlerOptions } from '../../interfaces/handler-options.interface.js';
import { LogLine } from '../../logging/log-line.js';
import { reportError } from '../settle/error-report.js';
import type { Delivery } from '../delivery.js';
import type { AskingHandlers } from './asking-handlers.js';
import { BatchCall, type BatchMember, type MemberOutcome } from './batch-call.js';
import { BatchRun } from './batch-run.js';
import { DeliveryContexts } from './delivery-contexts.js';
import { callHandler } from './handler-call.js';
import type { HandlerTime, Work } from './handler-time.js';

export interface BatchDispatcherOptions {
  queueName: string;
  fifo: boolean;
  /** Runs work between Nest's processing hooks, once for a batch. */
  hooks: (context: SqsBatchContext, work: () => Promise<void>) => Promise<void>;
  time: HandlerTime;
  asking: AskingHandlers | undefined;
  logger: Pick<LoggerService, 'warn' | 'error'>;
}

/** Calls handlers through Nest's pipeline for many messages at once. */
export class BatchDispatcher {
  private readonly contexts = new DeliveryContexts();

  constructor(private readonly options: BatchDispatcherOptions) {}

  /** Messages that are handled together: each joins the call when it is ready. */
  begin(deliveries: readonly Delivery[]): BatchCall {
    return new BatchCall(deliveries, this.options.fifo, members => this.contexts.run(this.callTogether, members));
  }

  private readonly callTogether = async (members: readonly BatchMember[]): Promise<MemberOutcome[]> => {
    const [first] = members;
    if (!first) return [];
    const { batch } = (first.handler.extras ?? {}) as HandlerOptions;
    const run = new BatchRun(members, this.options.queueName, batch?.items, this.options.logger);
    const results = run.outcomes(await this.failureOf(run, first.handler));
    this.tellOnce(members, results);
    return results;
  };

  /** What has failed them all is told once, and not for each. */
  private tellOnce(members: readonly BatchMember[], results: readonly MemberOutcome[]): void {
    const [first] = results;
    if (members.length < 2 || first?.kind !== 'failed') return;
    const { error } = first;
    if (outcomeOf(error).kind !== 'failed') return;
    if (!results.every(result => result.kind === 'failed' && result.error === error)) return;
    const { logger, queueName } = this.options;
    const { reason, details } = reportError(error);
    const text = `${queueName}: a batch of ${members.length} messages failed: ${reason}${details ? ` ${details}` : ''}; each message is tried again after its own backoff`;
    logger.warn(new LogLine(text, { queue: queueName, type: members[0]?.context.getPattern() }, error));
    for (const { delivery } of members) delivery.isFailureTold = true;
  }

  /** Undefined: the handler has finished. */
  private async failureOf(run: BatchRun, handler: BatchMember['handler']): Promise<{ error: unknown } | undefined> {
    const { hooks, time, asking, queueName } = this.options;
    const startedAt = isObserved('batch') ? performance.now() : 0;
    const count = run.payloads.length;
    const handlers = asking?.begin();
    const work: Work = (end, fail) => {
      const call = (): void => callHandler(handler, run.payloads, run.contexts, run, end, fail);
      if (handlers) handlers.run(call);
      else call();
    };
    let failure: { error: unknown } | undefined;
    try {
      await hooks(run.contexts, () => time.run(run, work));
    } catch (error) {
      failure = { error };
    } finally {
      handlers?.end();
    }
    if (isObserved('batch')) {
      announce('batch', {
        queue: queueName,
        count,
        durationMs: startedAt === 0 ? 0 : performance.now() - startedAt,
        ...(failure && { error: failure.error }),
      });
    }
    return failure;
  }
}
