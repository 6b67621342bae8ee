import { isDeepStrictEqual } from 'node:util';
import { problemParts, SnsSqsError } from '../errors/sns-sqs.error.js';
import type { HandlerOptions } from '../interfaces/handler-options.interface.js';
import type { FullName } from '../interfaces/names.interface.js';
import { isFifoName } from '../topology/names.js';
import { z } from './schema.js';
import { FIFO_IS_IN_ORDER, handlerShape } from './server-schema.js';

interface Handler {
  pattern: string;
  queue: FullName;
  extras: HandlerOptions;
  handler: { isEventHandler?: boolean | undefined };
}

type OptionName = keyof HandlerOptions;

const NAMES = Object.keys(handlerShape) as OptionName[];
const schema = z.object(handlerShape);

/**
 * The options that the handlers' decorators give, by full name of their queue. Throws one INVALID_HANDLER with every
 * value that is wrong, and with every option in which two handlers of a queue differ: the option is the queue's.
 */
export function handlerExtras(handlers: readonly Handler[]): Map<FullName, HandlerOptions> {
  const byQueue = new Map<FullName, Handler[]>();
  for (const handler of handlers) byQueue.set(handler.queue, [...(byQueue.get(handler.queue) ?? []), handler]);
  const problems = [
    ...handlers.flatMap(problemsOf),
    ...[...byQueue.values()].flatMap(ofOneQueue => NAMES.flatMap(name => differing(ofOneQueue, name))),
  ];
  if (problems.length > 0) {
    throw new SnsSqsError('INVALID_HANDLER', {
      ...problemParts(problems, { heading: `The handlers have ${problems.length} problems` }),
      remedy: "correct the handler's decorator",
      facts: { problems },
    });
  }
  return new Map([...byQueue].map(([queue, ofIt]) => [queue, Object.assign({}, ...ofIt.map(own)) as HandlerOptions]));
}

/** The options of a queue that a handler gives, without its names and without those that are undefined. */
const own = ({ extras }: Handler): HandlerOptions =>
  Object.fromEntries(NAMES.filter(name => extras[name] !== undefined).map(name => [name, extras[name]]));

function problemsOf({ pattern, queue, extras, handler }: Handler): string[] {
  const wrong = schema
    .issuesOf(extras)
    .map(({ path, message }) => `${pattern}: the extra \`${path.join('.')}\`: ${message}`);
  if (isFifoName(queue) && (extras.ordering ?? 'none') !== 'none') {
    wrong.push(`${pattern}: the extra \`ordering\` on ${queue}: ${FIFO_IS_IN_ORDER}`);
  }
  if (extras.batch && handler.isEventHandler === false) {
    wrong.push(`${pattern}: the extra \`batch\`: a request has an answer of its own, and is not handled in a batch`);
  }
  return wrong;
}

/** A handler that gives no value follows the others of its queue; but its method takes arrays only if it says so itself. */
function differing(handlers: readonly Handler[], name: OptionName): string[] {
  const giving = name === 'batch' ? handlers : handlers.filter(({ extras }) => extras[name] !== undefined);
  const [first, ...others] = giving;
  const other = first && others.find(({ extras }) => !isDeepStrictEqual(extras[name], first.extras[name]));
  return first && other ? [`${first.pattern} and ${other.pattern} give ${first.queue} a different \`${name}\``] : [];
}
