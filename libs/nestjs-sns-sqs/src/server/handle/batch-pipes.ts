import { ParseArrayPipe, type PipeTransform } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import type { ElementClass } from '../../interfaces/handler-options.interface.js';

const INSTALLED = Symbol.for('nestjs-sns-sqs.batch-pipes');
/** On an array of payloads: its elements go through the pipes one by one. `Symbol.for`: the ESM and the CJS build share it. */
const ELEMENTS = Symbol.for('nestjs-sns-sqs.batch-elements');

/** A batch whose payloads go through pipes. */
export interface PipedBatch {
  /** The class of one payload. */
  readonly items: ElementClass | undefined;
  /** Those at these places were refused by a pipe, and are no part of the batch any more. */
  refuse(reasons: ReadonlyMap<number, unknown>): void;
}

interface Metadata {
  metatype?: unknown;
}
type ApplyPipes = (value: unknown, metadata: Metadata, transforms: readonly PipeTransform[]) => Promise<unknown>;
type Patchable = { applyPipes?: ApplyPipes; [INSTALLED]?: true };

/** Lets pipes see each element of `payloads` alone. */
export function pipeEach(payloads: unknown[], batch: PipedBatch): void {
  Object.defineProperty(payloads, ELEMENTS, { value: batch });
}

/**
 * Lets pipes see each payload of a batch alone. For Nest a batch is one argument: a `ValidationPipe` looks at no array,
 * and an element that a `ParseArrayPipe` refuses would fail the whole call. This wraps the one method that applies pipes,
 * once a process; values that are no batch go through untouched. Nest exports no way to the class but through a creator
 * of contexts; where that has another shape, pipes get the array. (docs/adr/0039)
 */
export function pipeElementsOfBatches(): void {
  const prototype = pipesConsumer();
  const original = prototype?.applyPipes;
  if (!prototype || !original || prototype[INSTALLED]) return;
  prototype.applyPipes = async function (value, metadata, transforms) {
    const batch = Array.isArray(value) ? (value as { [ELEMENTS]?: PipedBatch })[ELEMENTS] : undefined;
    if (!batch) return original.call(this, value, metadata, transforms);
    const ofElement = { ...metadata, metatype: batch.items };
    const pipes = transforms.map(forOneElement);
    const apply = async (element: unknown): Promise<unknown> => original.call(this, element, ofElement, pipes);
    const results = await Promise.allSettled((value as unknown[]).map(apply));
    const refused = new Map<number, unknown>();
    const kept: unknown[] = [];
    results.forEach((result, index) => {
      if (result.status === 'fulfilled') kept.push(result.value);
      else refused.set(index, result.reason);
    });
    if (refused.size > 0) batch.refuse(refused);
    // The handler is not called with nothing.
    if (kept.length === 0) throw [...refused.values()][0];
    return kept;
  };
  prototype[INSTALLED] = true;
}

/** As Nest's documentation has it for arrays: `@Payload(new ParseArrayPipe({ items: PageView }))`. */
function forOneElement(pipe: PipeTransform): PipeTransform {
  if (!(pipe instanceof ParseArrayPipe)) return pipe;
  return {
    transform: async (element, metadata) => ((await pipe.transform([element], metadata)) as unknown[])[0],
  };
}

function pipesConsumer(): Patchable | undefined {
  try {
    const container = { applicationConfig: undefined, getModules: () => new Map() };
    const creator: unknown = ExternalContextCreator.fromContainer(container as never);
    const { pipesConsumer: consumer } = creator as { pipesConsumer?: object };
    return consumer && (Object.getPrototypeOf(consumer) as Patchable);
  } catch {
    return undefined;
  }
}
