import { peek, thrownName } from '../errors/thrown.js';

/** Different values of the label `error` in one process; further ones are `other`. */
const MAX_CLASSES = 50;

/** The code or the class of an error, as a label: an app's classes are few, and what a handler throws may be anything. */
export class ErrorClasses {
  private readonly known = new Set<string>();

  constructor(private readonly limit = MAX_CLASSES) {}

  of(error: unknown): string {
    const code = peek(error, 'code');
    const name = typeof code === 'string' ? code : thrownName(error);
    if (!/^[A-Za-z_$][\w.$-]{0,79}$/.test(name)) return 'other';
    if (this.known.has(name)) return name;
    if (this.known.size >= this.limit) return 'other';
    this.known.add(name);
    return name;
  }
}
