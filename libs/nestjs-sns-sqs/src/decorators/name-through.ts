import type { ConfiguredName } from '../interfaces/handler-extras.interface.js';
import { typeName } from '../options/schema-words.js';

/**
 * Makes a name of the option `of`, at once or when the server starts. The start refuses what is no text, such as a variable
 * of the environment that is not set: `undefined-on-user-registered` would be a queue like any other.
 */
export function nameThrough(name: ConfiguredName, of: string, make: (name: string) => string): ConfiguredName {
  const given: unknown = name;
  if (typeof given === 'string' && given !== '') return make(given);
  if (typeof name === 'function') {
    return source => {
      const text = name(source);
      return typeof text === 'string' && text !== '' ? make(text) : text;
    };
  }
  return () => {
    throw new Error(`\`${of}\` must be a non-empty string, and is ${given === '' ? "''" : typeName(given)}`);
  };
}
