import { setMaxListeners } from 'node:events';

/**
 * A controller whose signal any number of calls may listen to at one time. Node 20 takes the eleventh listener for a
 * leak, and warns; newer ones do not.
 */
export function abortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
