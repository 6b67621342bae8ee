import { AwsError, invalidParameterValue } from '../errors.js';
import { type Input, optionalString } from '../input.js';

export const invalidParameter = (reason: string): AwsError =>
  new AwsError('InvalidParameter', `Invalid parameter: ${reason}`);

/** @param hint what else there is to say, with a blank before it */
export const notFound = (what: string, hint = ''): AwsError =>
  new AwsError('NotFound', `${what} does not exist${hint}`, { status: 404 });

export function required(input: Input, key: string): string {
  const value = optionalString(input, key);
  if (value === undefined || value === '') throw invalidParameter(`${key} Reason: no value for required parameter`);
  return value;
}

/** SNS has a name of its own for what SQS calls InvalidParameterValue. */
export function inSnsWords<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const foreign = error instanceof AwsError && error.code === invalidParameterValue('').code;
    throw foreign ? new AwsError('ParameterValueInvalid', error.message) : error;
  }
}
