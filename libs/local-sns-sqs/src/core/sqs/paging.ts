import { invalidParameterValue, invalidValue } from '../errors.js';
import { type Input, optionalInteger, optionalString } from '../input.js';

const MAX_RESULTS = 1000;
const TOKEN = /^[A-Za-z0-9+/]+={0,2}$/;

export interface Page {
  names: string[];
  nextToken: string | undefined;
}

/** A page of names in order. Pages only when MaxResults asks for it (ListQueues API); a token is the last name before. */
export function pageOf(input: Input, all: readonly string[]): Page {
  const token = optionalString(input, 'NextToken');
  const max = optionalInteger(input, 'MaxResults');
  if (max !== undefined && (max < 1 || max > MAX_RESULTS)) {
    throw invalidValue(max, 'MaxResults', `Must be between 1 and ${MAX_RESULTS}.`);
  }
  const after = token === undefined ? '' : TOKEN.test(token) ? Buffer.from(token, 'base64').toString() : undefined;
  if (after === undefined || !/^[\w.-]*$/.test(after)) throw invalidParameterValue('Invalid or expired next token.');
  const rest = all.filter(name => name > after).sort();
  const names = rest.slice(0, max ?? MAX_RESULTS);
  const last = names.at(-1);
  const more = max !== undefined && last !== undefined && names.length < rest.length;
  return { names, nextToken: more ? Buffer.from(last).toString('base64') : undefined };
}
