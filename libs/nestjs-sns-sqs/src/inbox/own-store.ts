import type { InboxStore } from '../interfaces/inbox-store.interface.js';

/** `Symbol.for`: the ESM and the CJS build have a class each. */
const OWN = Symbol.for('nestjs-sns-sqs.own-store');

/** Marks a store of this library, which bounds its calls itself. */
export function markOwn(store: { prototype: InboxStore }): void {
  Object.defineProperty(store.prototype, OWN, { value: true });
}

/** The class is this library's, and not one derived from it. */
export const isOwn = (store: InboxStore): boolean => Object.hasOwn(Object.getPrototypeOf(store) as object, OWN);
