import type { LoggerService } from '@nestjs/common';
import { pause } from '../async/pause.js';
import { fromAwsError } from '../errors/aws-errors.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { KeyPolicies, SnsControlPlane, SqsControlPlane } from '../interfaces/control-plane.interface.js';
import { arnGivenFor } from './names.js';
import type { CallRetries } from './call-retries.js';
import type { FullName, QueueArn, TopicArn } from '../interfaces/names.interface.js';

/** What provisioning works with. */
export interface ControlPlanes {
  sqs: SqsControlPlane;
  sns: SnsControlPlane;
  /** Undefined: nobody looks at keys. */
  keys?: KeyPolicies | undefined;
  logger: Pick<LoggerService, 'log' | 'warn'>;
  /** Aborted: nothing more is called. */
  signal: AbortSignal;
  /** Undefined: a call that fails is not made again. */
  retries?: CallRetries | undefined;
}

/**
 * Makes one call, again as long as `retries` says so; what it rejects with names the operation, the resource and the
 * remedy. It rejects as soon as it is aborted: a call that is not answered must not hold up a stop, and what provisioning
 * half did is done by the next start.
 */
export async function call<T>(
  { signal, retries }: Pick<ControlPlanes, 'signal' | 'retries'>,
  operation: string,
  resource: string,
  run: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    if (signal.aborted) throw new SnsSqsError('SERVER_CLOSED', `Stopped before ${operation} on ${resource}`);
    try {
      return await callOnce(signal, operation, resource, run);
    } catch (error) {
      const delay = retries?.delayAfter(error as SnsSqsError, failures);
      if (delay === undefined) throw error;
      await pause(delay, signal);
    }
  }
}

/** Rejects with an SnsSqsError only. */
async function callOnce<T>(
  signal: AbortSignal,
  operation: string,
  resource: string,
  run: () => Promise<T>,
): Promise<T> {
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new SnsSqsError('SERVER_CLOSED', `Stopped during ${operation} on ${resource}`));
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([run(), aborted]);
  } catch (error) {
    throw fromAwsError(error, operation, resource);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * `arn:aws:sqs:eu-west-1:123456789012:q`, `t` → `arn:aws:sns:eu-west-1:123456789012:t`: no call, and no List. A topic that
 * is named by its ARN may be of another account.
 */
export function topicArnInSameAccount(queueArn: QueueArn, topic: FullName): TopicArn {
  const given = arnGivenFor(topic);
  if (given !== undefined) return given;
  const [, partition = 'aws', , region = '', account = ''] = queueArn.split(':');
  return `arn:${partition}:sns:${region}:${account}:${topic}`;
}

/** Queues provisioned at one time: quick for a service of many, gentle with AWS's rate limits. */
const PARALLEL = 10;
/** Queues that are only looked at: AWS allows more reads than changes. */
export const PARALLEL_READS = 25;

/** Maps with at most `parallel` calls of `run` at one time; rejects with the first failure once those that run have ended. */
export async function mapInParallel<T, R>(
  items: readonly T[],
  run: (item: T) => Promise<R>,
  parallel = PARALLEL,
): Promise<R[]> {
  const results: R[] = [];
  // One iterator for all workers: each item is taken once.
  const queue = items.entries();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const [at, item] of queue) {
      if (failed) return;
      try {
        results[at] = await run(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(parallel, items.length) }, worker));
  const failure = ended.find(result => result.status === 'rejected');
  if (failure) throw failure.reason;
  return results;
}
