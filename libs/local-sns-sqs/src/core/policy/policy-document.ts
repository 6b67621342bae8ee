import { isRecord } from '../input.js';

/** An access policy as it is written, its statements as a list. */
export interface PolicyDocument extends Record<string, unknown> {
  Statement: Array<Record<string, unknown>>;
}

/** Of a policy that has been checked before it was kept. */
export function readPolicyDocument(text: string): PolicyDocument {
  const parsed: unknown = JSON.parse(text);
  const policy = isRecord(parsed) ? parsed : {};
  const { Statement } = policy;
  return { ...policy, Statement: (Array.isArray(Statement) ? Statement : [Statement]).filter(isRecord) };
}

const oneOrMany = (values: string[]): string | string[] => (values.length === 1 && values[0] ? values[0] : values);

/** The statement of AddPermission. Actions have their service before them: `SQS:SendMessage`. */
export const allowing = (
  Sid: string,
  accounts: readonly string[],
  actions: string[],
  Resource: string,
): Record<string, unknown> => ({
  Sid,
  Effect: 'Allow',
  Principal: { AWS: oneOrMany(accounts.map(account => `arn:aws:iam::${account}:root`)) },
  Action: oneOrMany(actions),
  Resource,
});
