import { escapeUri } from '@smithy/core/protocols';

/** Headers that AWS's signer leaves out, since what is between may change them. */
const UNSIGNED: ReadonlySet<string> = new Set([
  'authorization',
  'cache-control',
  'connection',
  'expect',
  'from',
  'keep-alive',
  'max-forwards',
  'pragma',
  'referer',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'x-amzn-trace-id',
]);

/** Whether a header, named in lower case, is part of a signature. */
export const isSigned = (name: string): boolean => !UNSIGNED.has(name) && !/^(proxy|sec)-/.test(name);

/** A header's value as it is signed. */
export const canonicalValue = (value: string): string =>
  value
    .replace(/[\r\n]/g, ' ')
    .replace(/[ \t]+/g, ' ')
    .replace(/^ | $/g, '');

/** A path as it is signed: without empty segments and dots, and escaped once more than it is sent. */
export function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const start = path.startsWith('/') ? '/' : '';
  const end = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return escapeUri(`${start}${segments.join('/')}${end}`).replace(/%2F/g, '/');
}
