import { errorText, fromAwsError, isOfContent, isOfService } from '../errors/aws-errors.js';
import { isUnsent } from '../errors/aws-verdicts.js';
import { isError, thrownName } from '../errors/thrown.js';
import type { BatchFailure } from '../interfaces/wire.interface.js';

/** Of an entry whose time was over before it could be sent. */
export const TOO_LATE: BatchFailure = {
  id: '',
  code: 'TOO_LATE',
  message: 'its time was over before it could be sent',
  senderFault: false,
};

/** Of every entry of a call that failed as a whole. */
export function asFailure(error: unknown): BatchFailure {
  const isFinal = !fromAwsError(error, '', '').retryable;
  const senderFault = isFinal && isOfContent(error);
  return {
    id: '',
    code: isError(error) ? thrownName(error) : 'Unknown',
    message: errorText(error),
    senderFault,
    ...(isFinal && !senderFault && { isRefusedCall: true }),
    ...(isUnsent(error) && { isUnsentCall: true }),
    cause: error,
  };
}

/** AWS may call it the sender's fault that the key of a queue is disabled; the entry has no part in it. */
export const withoutBlame = (failure: BatchFailure): BatchFailure =>
  failure.senderFault && isOfService(failure.code)
    ? { ...failure, senderFault: false, isRefusedCall: !fromAwsError({ name: failure.code }, '', '').retryable }
    : failure;

/** Whether the same entry may be accepted later. */
export const mayPass = ({ senderFault, isRefusedCall = false }: BatchFailure): boolean =>
  !senderFault && !isRefusedCall;

/**
 * Whether SNS or SQS refuse an entry for its size: InvalidParameter and InvalidParameterValue say it in their texts only.
 * A rate that is exceeded has such a text too, and is no fault of the entry's.
 */
export const isTooLarge = ({ senderFault, message }: BatchFailure): boolean =>
  senderFault && /too long|must be shorter than|longer than|exceed/i.test(message);
