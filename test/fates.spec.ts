import type { SqsContext } from '../libs/nestjs-sns-sqs/src/ctx-host/sqs.context.js';
import { StoreTruth, type Fate, type Runner } from './faults/fate.js';
import { Fates } from './faults/fates.js';

const FORGOTTEN_AT = 1_000;

function fateOf(): Fate {
  return {
    queue: 'q',
    number: 1,
    source: 0,
    group: 0,
    sequence: 1,
    ids: new Set(['m']),
    receives: 1,
    storeFailedAt: -1,
    storeFailures: 0,
    letterAt: Infinity,
    sleptInWork: false,
    runs: [],
  } as unknown as Fate;
}

/** Two processes have the effect of one message; the first claimed and began it so many milliseconds after the start. */
function twoEffects({ claimedAt, startedAt }: { claimedAt: number; startedAt: number }): Fates {
  let now = startedAt;
  const rules = {
    fifo: false,
    inbox: 'shared',
    heed: 'never',
    handlerTimeoutMs: 60_000,
    limitByKey: undefined,
  } as const;
  const fates = new Fates(
    rules,
    () => now,
    () => 0,
  );
  fates.excuses.push({ from: FORGOTTEN_AT, to: FORGOTTEN_AT });
  const fate = fateOf();
  fates.add(fate);
  const truth = new StoreTruth();
  const runnerOf = (at: number): Runner => ({
    version: { takesNew: true, ordering: 'none', maxReceiveCount: 5, skip: false, concurrency: 1 },
    alive: true,
    stopped: false,
    forcedAt: Infinity,
    truth,
    claims: new Map([[fate, at]]),
    running: new Set(),
    steering: { noteStart: () => undefined, noteEnd: () => undefined },
  });
  const message = { MessageId: 'm', ReceiptHandle: 'r' };
  const context = {
    getMessage: () => message,
    getAttempt: () => 1,
    getSignal: () => new AbortController().signal,
  } as unknown as SqsContext;
  fates.end(fates.begin(fate, runnerOf(claimedAt), context, { size: 1 }), 'ok');
  now += 30_000;
  fates.end(fates.begin(fate, runnerOf(now), context, { size: 1 }), 'ok');
  return fates;
}

describe('schedules under faults, when the inbox has forgotten', () => {
  it('excuse a second effect of what was claimed before, also where it began later in its batch', () => {
    expect(() => twoEffects({ claimedAt: 900, startedAt: 5_900 }).checkSuspects()).not.toThrow();
  });

  it('excuse none of what was claimed afterwards', () => {
    expect(() => twoEffects({ claimedAt: 1_001, startedAt: 1_002 }).checkSuspects()).toThrow('had its effect twice');
  });
});
