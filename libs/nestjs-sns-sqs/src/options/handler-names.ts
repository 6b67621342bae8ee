import { errorText } from '../errors/aws-errors.js';
import { problemParts, SnsSqsError } from '../errors/sns-sqs.error.js';
import type { ConfiguredName, NameSource, SqsHandlerExtras } from '../interfaces/handler-extras.interface.js';
import { handlerShape } from './server-schema.js';
import { didYouMean } from './did-you-mean.js';

/** The extras of a handler whose names are all known. */
export type NamedExtras = Omit<SqsHandlerExtras, 'topic' | 'queue' | 'formerly'> & {
  topic?: string | undefined;
  queue?: string | undefined;
  formerly?: readonly string[] | undefined;
};

interface Declared {
  pattern: string;
  extras: SqsHandlerExtras;
}

/** Reading a name that was never given is a typo: `undefined-on-user-registered` would be a queue like any other. */
function guarded(config: NameSource['config']): NameSource['config'] {
  return new Proxy(config, {
    get(target, name, receiver) {
      if (typeof name === 'string' && !(name in target)) {
        throw new Error(`\`config\` has no \`${name}\`${didYouMean(name, Object.keys(target))}`);
      }
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
}

/**
 * Handlers with the names that their decorators compute from the server's `config`. Throws one INVALID_HANDLER that
 * lists every name without a result.
 */
export function resolveHandlerNames<D extends Declared>(
  handlers: readonly D[],
  { service, config = {} }: { service: string; config?: NameSource['config'] | undefined },
): Array<Omit<D, 'extras'> & { extras: NamedExtras }> {
  const source: NameSource = { service, config: guarded(config) };
  const problems: string[] = [];
  const nameOf = (name: ConfiguredName, of: string): string => {
    if (typeof name !== 'function') return name;
    try {
      const text: unknown = name(source);
      if (typeof text === 'string' && text !== '') return text;
      problems.push(`${of}: its function gave ${text === '' ? 'an empty text' : String(typeof text)}`);
    } catch (error) {
      problems.push(`${of}: ${errorText(error)}`);
    }
    return '';
  };
  const named = handlers.map(each => {
    const { topic, queue, formerly } = each.extras;
    const nameFor = (extra: 'topic' | 'queue', name: ConfiguredName | undefined): { [extra]?: string } =>
      name === undefined ? {} : { [extra]: nameOf(name, `${each.pattern}: the extra \`${extra}\``) };
    return {
      ...each,
      extras: {
        ...each.extras,
        ...nameFor('topic', topic),
        ...nameFor('queue', queue),
        ...(Array.isArray(formerly) && {
          formerly: formerly.map((name: ConfiguredName) => nameOf(name, `${each.pattern}: the extra \`formerly\``)),
        }),
      } as NamedExtras,
    };
  });
  if (problems.length === 0) return named;
  throw new SnsSqsError('INVALID_HANDLER', {
    ...problemParts(problems, { heading: `The handlers have ${problems.length} problems` }),
    remedy: "give these names in the option `config` of ServerSQS, or correct the handler's decorator",
    facts: { problems },
  });
}

const EXTRAS = ['topic', 'queue', 'formerly', 'schema', 'replySchema', ...Object.keys(handlerShape)];

/** Warnings for extras that look like a misspelt extra of ours. Other libraries may have extras too, so this is no error. */
export function misspeltExtras(handlers: readonly Declared[]): string[] {
  return handlers.flatMap(({ pattern, extras }) =>
    Object.keys(extras).flatMap(name => {
      const meant = EXTRAS.includes(name) ? '' : didYouMean(name, EXTRAS);
      return meant === '' ? [] : [`${pattern}: the extra \`${name}\` has no meaning here${meant}`];
    }),
  );
}
