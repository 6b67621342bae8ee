import { createHash } from 'node:crypto';
import { withoutPrefix } from '../names.js';
import type { FullName } from '../../interfaces/names.interface.js';

const FIFO = /\.fifo$/;

const pascal = (name: string): string =>
  name
    .split(/[^A-Za-z0-9]+/)
    .map(word => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');

const kebab = (id: string): string => id.replaceAll(/(?<=.)([A-Z])/g, '-$1').toLowerCase();

/** What keeps two names apart that look alike as identifiers. */
const HASH_LENGTH = 6;

/**
 * The identifier of a name in a template: `dev-send-email-on-user-registered` → `SendEmailOnUserRegistered`. It depends
 * on the name alone, without the environment's prefix, so that templates of all environments, and of all versions of the
 * app, agree. A name that could not be read back from it gets a part of its hash.
 */
export function logicalId(prefix: string, name: FullName): string {
  const short = withoutPrefix(prefix, name).replace(FIFO, '');
  const id = pascal(short);
  if (kebab(id) === short && /^[A-Z]/.test(id)) return id;
  const hash = createHash('sha256').update(short).digest('hex').slice(0, HASH_LENGTH);
  return `${/^[A-Za-z]/.test(id) ? id : `N${id}`}${hash}`;
}
