import { SQS_MAX_VISIBILITY_SECONDS } from '../../constants.js';

/**
 * Whole seconds for which SQS may be asked to hide a message from `at` on: `wanted`, within 0 and what is left of AWS's
 * 12 h, which count from the receive. Times are milliseconds of one clock; whatever that clock does, the answer is one
 * that SQS accepts.
 */
export function grantableSeconds(wanted: number, receivedAt: number, at: number): number {
  const age = Math.ceil((at - receivedAt) / 1000);
  const left = SQS_MAX_VISIBILITY_SECONDS - 1 - Math.max(0, age);
  const seconds = Math.min(Math.ceil(wanted), left);
  // Not Math.max: NaN is no time either.
  return seconds > 0 ? seconds : 0;
}
