import { SnsSqsError } from '../errors/sns-sqs.error.js';

/** What a server refuses whatever the key: it is a replica, full, away in part, or its rules forbid the command. */
const OF_THE_SERVER =
  /\b(READONLY|OOM|MISCONF|NOREPLICAS|NOPERM|NOAUTH|WRONGPASS|CLUSTERDOWN|TRYAGAIN|CROSSSLOT|MOVED|ASK|LOADING|BUSY|MASTERDOWN|NOSCRIPT|EXECABORT|UNKILLABLE)\b|[Ss]cript killed|not enough memory|ACL failure|user executing the script|[Uu]nknown (Redis )?command/;
/** A key of another type, or a script that could make nothing of what it read. */
const OF_THE_RECORD = /\bWRONGTYPE\b|\bBROKENRECORD\b|\buser_script:\d+/;

/** The connection leads to a replica: after a failover the address may lead elsewhere. */
export const isReadOnly = ({ message }: Error): boolean => message.includes('READONLY');

/** True: the fault is in the record of these keys, and other keys are well. */
export const isOfTheRecord = ({ message }: Error): boolean =>
  OF_THE_RECORD.test(message) && !OF_THE_SERVER.test(message);

export const brokenRecord = (cause: Error, keys: readonly string[]): SnsSqsError =>
  new SnsSqsError('INBOX_RECORD_BROKEN', {
    problem: `The inbox cannot read what Redis has under ${keys.join(' or ')}: ${cause.message}`,
    remedy: 'find the key that the inbox did not write, and delete it',
    cause,
    facts: { key: keys[0], keys },
  });
