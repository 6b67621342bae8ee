import type { Broker } from '../core/broker.js';
import { AwsError, queueDoesNotExist } from '../core/errors.js';
import type { Input } from '../core/input.js';
import type { Call, Operation, Output } from '../core/operation.js';
import { notFound } from '../core/sns/errors.js';
import { findQueue } from '../core/sqs/find-queue.js';
import type { FaultEffect } from './fault-plan.js';

/** An operation to be carried out, or not. */
export interface Attempt {
  service: 'sqs' | 'sns' | 'sts';
  operation: Operation;
  input: Input;
}

/** Thrown when the connection is to be cut instead of answered. */
export class CutConnection extends Error {}

type Run = (input?: Input) => Promise<Output> | Output;

const ENTRY_LISTS = ['Entries', 'PublishBatchRequestEntries'];

function throttled(service: Attempt['service']): AwsError {
  const text = 'Rate exceeded';
  return service === 'sqs'
    ? new AwsError('RequestThrottled', text, { queryStatus: 403 })
    : new AwsError('Throttled', text, { status: 429 });
}

async function halfBatch(input: Input, run: Run): Promise<Output> {
  const key = ENTRY_LISTS.find(name => Array.isArray(input[name]));
  if (key === undefined) return run();
  const entries = input[key] as Input[];
  const failing = entries.filter((_, index) => index % 2 === 1);
  const output = await run({ ...input, [key]: entries.filter((_, index) => index % 2 === 0) });
  const failed = failing.map(({ Id }) => ({
    Id,
    SenderFault: false,
    Code: 'InternalError',
    Message: 'An injected fault.',
  }));
  const before = (output['Failed'] ?? []) as unknown[];
  return { ...output, Failed: [...before, ...failed] };
}

function claimDeleted(input: Input): Output {
  const entries = input['Entries'];
  return Array.isArray(entries) ? { Successful: (entries as Input[]).map(({ Id }) => ({ Id })) } : {};
}

async function duplicate(broker: Broker, input: Input, run: Run): Promise<Output> {
  const output = await run();
  const queue = findQueue(broker, input);
  const given = new Set(
    ((output['Messages'] ?? []) as Array<{ MessageId?: string }>).map(({ MessageId }) => MessageId),
  );
  if (queue.fifo || given.size === 0) return output;
  for (const message of queue.messages.values()) if (given.has(message.content.id)) queue.becomeReady(message);
  return output;
}

/** Carries out an attempt under a fault. Rejects with an AwsError, or with CutConnection. */
export async function applyFault(effect: FaultEffect, broker: Broker, attempt: Attempt, call: Call): Promise<Output> {
  const run: Run = (input = attempt.input) => attempt.operation(broker, input, call);
  switch (effect.kind) {
    case 'throttle':
      throw throttled(attempt.service);
    case 'error': {
      const { status = 500, code = 'InternalFailure', message = 'An injected fault.' } = effect;
      throw new AwsError(code, message, { status, senderFault: status < 500 });
    }
    case 'missing':
      throw attempt.service === 'sqs' ? queueDoesNotExist() : notFound('Topic');
    case 'reset':
      if (effect.when === 'after') await run();
      throw new CutConnection();
    case 'delay':
      await new Promise<void>(resolve => {
        broker.clock.setTimer(broker.now() + effect.ms, resolve);
      });
      return run();
    case 'duplicate':
      return duplicate(broker, attempt.input, run);
    case 'reorder':
      findQueue(broker, attempt.input).shuffle(() => broker.ids.word() / 2 ** 32);
      return run();
    case 'half-batch':
      return halfBatch(attempt.input, run);
    case 'stale-delete':
      return claimDeleted(attempt.input);
  }
}
