import type { InboxClaimResult } from '../interfaces/inbox-store.interface.js';

/** Tells what is wrong with an answer of a store; undefined: nothing. Never throws. */
export type AnswerCheck = (answer: unknown) => string | undefined;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isCount = (value: unknown, least: number): boolean => Number.isInteger(value) && (value as number) >= least;
const isTime = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const isSequence = (value: unknown): boolean => typeof value === 'string' && /^\d{1,40}$/.test(value);
const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

type Claimed = Partial<Record<keyof (InboxClaimResult & { status: 'claimed' }), unknown>>;

export const claimAnswer: AnswerCheck = answer => {
  if (!isObject(answer)) return 'is no object';
  switch (answer['status']) {
    case 'done':
      return undefined;
    case 'in-work':
    case 'subject-in-work':
      return isTime(answer['retryAfterMs']) ? undefined : 'has no number as `retryAfterMs`';
    case 'claimed':
      return claimed(answer);
    default:
      return 'has a `status` that no claim has';
  }
};

function claimed({ attempt, position, gap, ...times }: Claimed): string | undefined {
  if (!isCount(attempt, 1)) return 'has no whole number from 1 as `attempt`';
  for (const name of ['sinceFirstMs', 'sinceLetterMs', 'deaths'] as const) {
    if (isGiven(times[name]) && !isTime(times[name])) return `has no number as \`${name}\``;
  }
  if (position !== undefined && !isSequence(position)) return 'has no text of digits as `position`';
  if (!isGiven(gap)) return undefined;
  const isGap = isObject(gap) && isTime(gap['waitedMs']) && isTime(gap['lowestSeenMs']) && isSequence(gap['lowest']);
  return isGap ? undefined : 'has a `gap` of another shape';
}

export const renewAnswer =
  (claims: number): AnswerCheck =>
  answer =>
    Array.isArray(answer) && answer.length === claims && answer.every(each => typeof each === 'boolean')
      ? undefined
      : 'is no boolean for each claim';

export const doneAnswer: AnswerCheck = answer => (typeof answer === 'boolean' ? undefined : 'is no boolean');

export const outlookAnswer: AnswerCheck = answer => {
  if (!isObject(answer)) return 'is no object';
  const { isInWork, isSubjectInWork, position } = answer;
  if (typeof isInWork !== 'boolean' || typeof isSubjectInWork !== 'boolean') return 'has no booleans';
  return position === undefined || isSequence(position) ? undefined : 'has no text of digits as `position`';
};

export const textsAnswer: AnswerCheck = answer =>
  Array.isArray(answer) && answer.every(each => typeof each === 'string') ? undefined : 'is no array of texts';

export const grantAnswer =
  (wanted: number): AnswerCheck =>
  answer => {
    if (!isObject(answer)) return 'is no object';
    const { granted, retryAfterMs } = answer;
    if (!isCount(granted, 0) || (granted as number) > wanted) return `has no number of 0 to ${wanted} as \`granted\``;
    return isTime(retryAfterMs) ? undefined : 'has no number as `retryAfterMs`';
  };

export const waitAnswer: AnswerCheck = answer =>
  isTime(answer) && (answer as number) >= 0 ? undefined : 'is no number of milliseconds from 0';

/** Nobody looks at it. */
export const anyAnswer: AnswerCheck = () => undefined;
