import { type Input, optionalString } from '../input.js';
import type { Output } from '../operation.js';
import { invalidParameter } from './errors.js';

const PAGE = 100;

/** SNS lists a hundred at a time; the token is a position. */
export function page<T>(input: Input, key: string, all: readonly T[], show: (item: T) => Output): Output {
  const token = optionalString(input, 'NextToken');
  const start = token ? Number(Buffer.from(token, 'base64').toString()) : 0;
  if (!Number.isInteger(start) || start < 0) throw invalidParameter('NextToken');
  const end = start + PAGE;
  return {
    [key]: all.slice(start, end).map(show),
    ...(end < all.length && { NextToken: Buffer.from(String(end)).toString('base64') }),
  };
}
