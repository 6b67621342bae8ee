import { readFileSync } from 'node:fs';
import { groupBy } from '../support/group-by.ts';
import { earlyLetter } from './early-letters.ts';
import type { Strike } from './fleet.ts';
import type { Ledger } from './ledger.ts';
import type { Release } from './releases.ts';
import type { Outage } from './restartable-redis.ts';

/** A line of what the processes have written down. */
export interface Effect {
  what: 'marked' | 'done' | 'failed' | 'published' | 'memory';
  at: number;
  pid: number;
  release: Release;
  queue: string;
  /** Of the event. */
  id: string;
  type?: string;
  message: string;
  group?: string;
  /** SQS's, of the group. */
  sequence?: string;
  subject?: string;
  version?: string;
}

/** What was done to the processes and to Redis. */
interface Facts {
  kills: Strike[];
  told: Strike[];
  outages: Outage[];
}

export interface Books extends Facts {
  ledger: Ledger;
  effects: Effect[];
  /** Ids of the events that AWS has accepted. */
  published: string[];
  mails: readonly unknown[];
  /** `<queue> <id>` of what the inbox in PostgreSQL has as done. */
  remembered: ReadonlySet<string>;
}

export interface Verdict {
  violations: string[];
  counts: { accepted: number; done: number; skipped: number; deadLettered: number; left: number };
  lanes: number;
  subjects: number;
  repeated: number;
  reasons: string[];
  unexplained: number;
  mails: number;
  /** How many handlers each release of `notifications` has run to their end, while both ran. */
  byRelease: Record<Release, number>;
}

/** A process that is killed may have had an effect that nothing remembers yet; and so it is while Redis is away. */
const UNREMEMBERED_MS = 5_000;
/** The library's default: afterwards what is still in work is given back. */
const SHUTDOWN_TIMEOUT_MS = 20_000;
/** Queues of handlers that ask for the order of their events' subjects. */
const IN_ORDER = /^(update-recipient|user-directory)-/;
/** Queues of `users`, which has one release. */
const OF_USERS = /^(create-default-preferences|mark-user-welcomed|users)-/;
/** The library remembers up to 10,000 messages of each queue: some megabytes until that is reached. */
const MAX_GROWTH_MIB = 15;

/** What the processes have written down of their handlers, in order of time. */
export function readEffects(path: string): Effect[] {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map(line => JSON.parse(line) as Effect);
}

/**
 * Balances what SNS and SQS have accepted with what became of it. `violations` is empty when every promise was kept.
 */
export function judge({ ledger, effects, published, kills, told, outages, mails, remembered }: Books): Verdict {
  const violations: string[] = [];
  const runs = effects.filter(({ what }) => what === 'done' || what === 'failed');
  const keyOf = ({ queue, id }: Effect): string => `${queue} ${id}`;
  const byEvent = groupBy(runs, keyOf);
  const done = groupBy(
    runs.filter(({ what }) => what === 'done'),
    keyOf,
  );
  const tried = new Set(runs.map(({ message }) => message));
  const latest = latestVersions(runs);
  const left = ledger.left.length;
  const counts = { accepted: 0, done: 0, skipped: 0, deadLettered: 0, left };
  for (const [message, entry] of ledger.accepted) {
    const { queue, id, subject, version } = entry;
    const letter = ledger.letters.get(message);
    counts.accepted += 1;
    if (letter) {
      counts.deadLettered += 1;
      if (!tried.has(message)) violations.push(`${message} of ${queue} was dead-lettered and never tried`);
      const early = earlyLetter({ accepted: entry, letter, runs: byEvent.get(`${queue} ${id}`) ?? [], kills });
      if (early !== undefined) violations.push(`${message} of ${queue} was dead-lettered ${early}`);
    } else if (done.has(`${queue} ${id}`)) counts.done += 1;
    // Its effect was committed together with its mark, and the process was killed before it could write that down.
    else if (remembered.has(`${queue} ${id}`)) counts.done += 1;
    // A later event of its subject was done before.
    else if (IN_ORDER.test(queue) && Number(version) < (latest.get(`${queue} ${subject}`) ?? 0)) counts.skipped += 1;
    else violations.push(`${message} of ${queue} was not handled and is in no dead letter queue`);
  }
  if (counts.left > 0) violations.push(`${counts.left} messages are left in queues`);

  const known = new Set([...ledger.accepted.values()].map(({ id }) => id));
  const lost = published.filter(id => !known.has(id));
  if (lost.length > 0)
    violations.push(`${lost.length} were accepted of their publisher and reached no queue: ${lost[0]}`);

  const inOrder = inOrderOfEffects(effects);
  const lanes = checkLanes(inOrder, violations);
  const repeated = [...done.values()].filter(({ length }) => length > 1);
  const facts = { kills, told, outages };
  const reasons = groupBy(repeated, each => reasonOf(each, facts));
  const unexplained = reasons.get(undefined) ?? [];
  const subjects = checkSubjects(inOrder, violations, both => reasonOf(both, facts) !== undefined);
  const byRelease = handledByRelease(runs);
  for (const [release, count] of Object.entries(byRelease))
    if (count === 0) violations.push(`release ${release} of notifications has handled nothing`);
  for (const [first] of unexplained) if (first) violations.push(`${first.id} was handled twice by ${first.queue}`);
  return {
    violations,
    counts,
    lanes,
    subjects,
    repeated: repeated.length,
    reasons: [...reasons].map(([reason, { length }]) => `${reason ?? 'without a reason'} ${length}`),
    unexplained: unexplained.length,
    mails: mails.length,
    byRelease,
  };
}

function handledByRelease(runs: Effect[]): Record<Release, number> {
  const counts: Record<Release, number> = { 1: 0, 2: 0 };
  for (const { what, release, queue } of runs) if (what === 'done' && !OF_USERS.test(queue)) counts[release] += 1;
  return counts;
}

/** The messages of a group are first done in the order in which SQS has taken them. */
function checkLanes(done: Effect[], violations: string[]): number {
  const latest = new Map<string, string>();
  const seen = new Set<string>();
  for (const { queue, group, sequence, message } of done) {
    if (sequence === undefined || seen.has(message)) continue;
    seen.add(message);
    const lane = `${queue} ${group}`;
    if (BigInt(sequence) < BigInt(latest.get(lane) ?? 0)) violations.push(`${lane}: ${message} was overtaken`);
    else latest.set(lane, sequence);
  }
  return latest.size;
}

/** By queue and subject: the highest sequence that was done. */
function latestVersions(runs: Effect[]): Map<string, number> {
  const latest = new Map<string, number>();
  for (const { what, queue, subject, version } of runs) {
    const key = `${queue} ${subject}`;
    if (what === 'done' && version !== undefined) latest.set(key, Math.max(latest.get(key) ?? 0, Number(version)));
  }
  return latest;
}

/** What was done, each in the moment of its effect: of its mark, where its handler made one in a transaction. */
function inOrderOfEffects(effects: Effect[]): Effect[] {
  const marked = new Map<string, number>();
  const done: Array<{ effect: Effect; at: number }> = [];
  for (const [at, effect] of effects.entries()) {
    const run = `${effect.pid} ${effect.queue} ${effect.message}`;
    if (effect.what === 'marked') marked.set(run, at);
    else if (effect.what === 'done') done.push({ effect, at: marked.get(run) ?? at });
    else if (effect.what === 'failed') marked.delete(run);
  }
  return done.toSorted((one, other) => one.at - other.at).map(({ effect }) => effect);
}

/** Where the order of subjects is asked for, none goes back. Gives how many there were. */
function checkSubjects(done: Effect[], violations: string[], isExcused: (both: Effect[]) => boolean): number {
  const latest = new Map<string, Effect>();
  for (const fact of done) {
    if (!IN_ORDER.test(fact.queue)) continue;
    const key = `${fact.queue} ${fact.subject}`;
    const before = latest.get(key);
    if (before && Number(fact.version) < Number(before.version)) {
      if (!isExcused([before, fact])) violations.push(`${key}: ${fact.version} was done after ${before.version}`);
    } else latest.set(key, fact);
  }
  return latest.size;
}

/**
 * Before each repetition the earlier effect could not be remembered: its process was killed, or had been told to end
 * for longer than its handlers may take then, or Redis was away. Undefined: none of these, before one of them.
 */
function reasonOf(times: Effect[], facts: Facts): string | undefined {
  const reasons = times.slice(0, -1).map(run => reasonOfOne(run, facts));
  return reasons.includes(undefined) ? undefined : reasons[0];
}

function reasonOfOne({ pid, at }: Effect, { kills, told, outages }: Facts): string | undefined {
  const near = (when: number): boolean => when >= at - UNREMEMBERED_MS && when <= at + UNREMEMBERED_MS;
  const isAway = outages.some(({ from, to }) => from <= at + UNREMEMBERED_MS && to >= at - UNREMEMBERED_MS);
  if (kills.some(kill => kill.pid === pid && near(kill.at))) return isAway ? 'killed, with Redis away' : 'killed';
  if (told.some(each => each.pid === pid && at - each.at > SHUTDOWN_TIMEOUT_MS)) return 'told to end for too long';
  return isAway ? 'Redis away' : undefined;
}

/**
 * By process whose memory was watched, in MiB: the trends of its heap, after a collection; of what V8 has taken for it;
 * of buffers outside it; and of all that is resident. Only the first tells of a leak in JavaScript.
 */
export function memoryTrends(effects: Effect[]): MemoryTrend[] {
  const byProcess = groupBy(
    effects.filter(({ what }) => what === 'memory'),
    ({ pid }) => pid,
  );
  return [...byProcess].map(([pid, facts]) => {
    const trend = (name: keyof NodeJS.MemoryUsage): Trend =>
      trendOf(facts.map(each => (each as unknown as NodeJS.MemoryUsage)[name] / 2 ** 20));
    const parts = { heap: trend('heapUsed'), V8: trend('heapTotal'), buffers: trend('external'), RSS: trend('rss') };
    return { pid, samples: facts.length, parts, isFlat: parts.heap.growth < MAX_GROWTH_MIB };
  });
}

/** In MiB. */
interface Trend {
  mean: number;
  growth: number;
}

export interface MemoryTrend {
  pid: number;
  samples: number;
  parts: Record<'heap' | 'V8' | 'buffers' | 'RSS', Trend>;
  isFlat: boolean;
}

/** Least squares over the later two thirds: what it has grown by, in MiB. */
function trendOf(all: number[]): Trend {
  const samples = all.slice(Math.floor(all.length / 3));
  const mean = samples.reduce((sum, each) => sum + each, 0) / samples.length;
  const middle = (samples.length - 1) / 2;
  const slope =
    samples.reduce((sum, each, at) => sum + (at - middle) * (each - mean), 0) /
    samples.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
  return { mean, growth: slope * samples.length };
}
