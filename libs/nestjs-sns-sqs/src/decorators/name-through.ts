import type { ConfiguredName } from '../interfaces/handler-extras.interface.js';

/** Makes a name of another one, at once or when the server starts. The start refuses a function that gives no text. */
export const nameThrough = (name: ConfiguredName, make: (name: string) => string): ConfiguredName =>
  typeof name !== 'function'
    ? make(name)
    : source => {
        const text = name(source);
        return typeof text === 'string' && text !== '' ? make(text) : text;
      };
