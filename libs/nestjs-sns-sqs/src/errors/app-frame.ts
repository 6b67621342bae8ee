import { pathToFileURL } from 'node:url';
import { peek } from './thrown.js';

const MAX_FRAME = 300;
const MAX_STACK = 20_000;
const FRAME = /^\s+at (?:(?:async )?(.*?) \()?([^()]+?):\d+:\d+\)?$/;

let here: readonly string[] | undefined;

/** The working directory, as a path and as a URL; nothing where it was removed. */
function workingDirectory(): readonly string[] {
  try {
    const path = `${process.cwd()}/`;
    return [pathToFileURL(path).href, path];
  } catch {
    return [];
  }
}

/**
 * The first line of an error's stack that is the app's own: `Emails.send (src/emails.ts)`, without line numbers, which
 * change with each release. Undefined: there is none. Never throws.
 */
export function appFrame(error: unknown): string | undefined {
  const stack = peek(error, 'stack');
  if (typeof stack !== 'string') return undefined;
  for (const line of stack.slice(0, MAX_STACK).split('\n')) {
    const match = FRAME.exec(line);
    const [, name, place = ''] = match ?? [];
    if (!match || place.startsWith('node:') || place.includes('/node_modules/') || place === '<anonymous>') continue;
    here ??= workingDirectory();
    const file = here.reduce((path, directory) => path.replace(directory, ''), place);
    return (name === undefined ? file : `${name} (${file})`).slice(0, MAX_FRAME);
  }
  return undefined;
}
