import { NestApplicationContext } from '@nestjs/core';
import type { Observable } from 'rxjs';

const INSTALLED = Symbol.for('nestjs-sns-sqs.stop-intake-with-app');

/** Marks a server of ours, whatever its `transportId` is. `Symbol.for`: the ESM and the CJS build have a class each. */
export const HAS_INTAKE = Symbol.for('nestjs-sns-sqs.has-intake');

/** The server, as far as the end of its app concerns it. */
export interface HasIntake {
  readonly [HAS_INTAKE]: true;
  /** No message is received and no handler begins any more. Must not throw. */
  stopIntake(): void;
}

type DestroyHook = (this: App, ...args: unknown[]) => Promise<void>;
type Patchable = { callDestroyHook?: DestroyHook; [INSTALLED]?: true };

/** What is used of Nest's application, all of it guarded: another version may not have it. */
interface App {
  container?: { getModules?: () => { getRpcTargetRegistry?: () => Observable<unknown> } };
}

/**
 * Stops the intake of an app's servers when its `onModuleDestroy` hooks begin. Nest closes a strategy after all of them,
 * and so after a module has closed its database; a strategy that is no provider has no hook of its own. This wraps the
 * one method that every end of an app comes through, once a process; where Nest has no such method, the hook of a server
 * that is a provider and `close()` remain. (docs/adr/0018)
 */
export function stopIntakeWithTheApp(): void {
  const prototype = NestApplicationContext.prototype as unknown as Patchable;
  const original = prototype.callDestroyHook;
  if (prototype[INSTALLED] || !original) return;
  prototype.callDestroyHook = function (...args) {
    for (const server of serversOf(this)) server.stopIntake();
    return original.apply(this, args);
  };
  prototype[INSTALLED] = true;
}

/** Nest registers the strategy of each microservice of an app, a connected one too. */
function serversOf(app: App): HasIntake[] {
  const servers: HasIntake[] = [];
  const targets = app.container?.getModules?.().getRpcTargetRegistry?.();
  // It replays what it has at once, and is not listened to any longer.
  targets?.subscribe(target => void (isOurs(target) && servers.push(target))).unsubscribe();
  return servers;
}

const isOurs = (target: unknown): target is HasIntake =>
  typeof target === 'object' && target !== null && (target as Partial<HasIntake>)[HAS_INTAKE] === true;
