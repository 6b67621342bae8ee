import type { Operation } from '../operation.js';

/** Everyone is the root of the broker's account, whose ARNs queues and topics have (GetCallerIdentity API of STS). */
const getCallerIdentity: Operation = ({ accountId }) => ({
  Arn: `arn:aws:iam::${accountId}:root`,
  UserId: accountId,
  Account: accountId,
});

export const STS_OPERATIONS: ReadonlyMap<string, Operation> = new Map([['GetCallerIdentity', getCallerIdentity]]);
