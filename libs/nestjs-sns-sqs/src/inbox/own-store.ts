import type { InboxStore } from '../interfaces/inbox-store.interface.js';

/** `Symbol.for`: the ESM and the CJS build have a class each. */
const OWN = Symbol.for('nestjs-sns-sqs.own-store');

type Method = 'claim' | 'renew' | 'done' | 'release' | 'putOff' | 'callIn' | 'ping';

/** Marks a store of this library, which bounds its calls itself. */
export function markOwn(store: { prototype: InboxStore }): void {
  Object.defineProperty(store.prototype, OWN, { value: true });
}

/** The class is this library's, and not one derived from it. */
export const isOwn = (store: InboxStore): boolean => Object.hasOwn(Object.getPrototypeOf(store) as object, OWN);

/** The method is this library's, and nobody has put another in its place. */
export function isOwnMethod(store: InboxStore, method: Method): boolean {
  const prototype = Object.getPrototypeOf(store) as InboxStore;
  return store[method] === prototype[method] && Object.hasOwn(prototype, OWN);
}
