import { createHash } from 'node:crypto';
import * as crypto from 'node:crypto';

type OneShot = (algorithm: string, data: string) => string;

// one call instead of three objects where Node has it (20.12); hex in both
const oneShot = (crypto as { hash?: OneShot }).hash;

export const md5: (text: string) => string = oneShot
  ? text => oneShot('md5', text)
  : text => createHash('md5').update(text, 'utf8').digest('hex');
