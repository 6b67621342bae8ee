import { peek } from './thrown.js';

/** By shape and not by class: the app and this library may each have a copy of Nest. */
interface HttpExceptionLike {
  getStatus(): unknown;
  getResponse(): unknown;
}

/** Never throws; its methods may. */
export const isHttpException = (error: unknown): error is HttpExceptionLike =>
  typeof error === 'object' &&
  typeof peek(error, 'getStatus') === 'function' &&
  typeof peek(error, 'getResponse') === 'function';

/**
 * Whether it is what Nest's `ValidationPipe` throws for a payload that does not fit: status 400 or 422, with a list of
 * messages. The same payload is refused each time. A single text is not enough: apps throw such errors for what may pass.
 */
export function isValidationRefusal(error: unknown): boolean {
  if (!isHttpException(error)) return false;
  const status = error.getStatus();
  const response = error.getResponse() as { message?: unknown } | null | undefined;
  return (status === 400 || status === 422) && Array.isArray(response?.message);
}
