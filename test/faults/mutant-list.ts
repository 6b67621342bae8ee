/** A mend that is taken back, in one place of the library's source. */
export interface Mutant {
  /** What the library promises. */
  mend: string;
  /** Below libs/nestjs-sns-sqs/src. */
  file: string;
  /** Stands in the file once. */
  from: string;
  to: string;
  /** What has to find it: the schedules, or a spec whose path matches. */
  by: 'schedules' | { spec: string };
}

const SCHEDULES = 'schedules';

export const MUTANTS: readonly Mutant[] = [
  {
    mend: 'A filter is united with what another version needs',
    file: 'topology/filter-union.ts',
    from: 'const type = [...filter.conditions, ...uncovered(needed.conditions, filter.conditions)];',
    to: 'const type = needed.conditions;',
    by: { spec: 'topology/filter-union' },
  },
  {
    mend: 'A redrive policy is never lowered',
    file: 'topology/attribute-rules.ts',
    from: 'maxReceiveCountOf(found) >= maxReceiveCountOf(wanted),',
    to: 'maxReceiveCountOf(found) === maxReceiveCountOf(wanted),',
    by: { spec: 'src/topology/' },
  },
  {
    mend: 'A type that only another version knows waits for it',
    file: 'server/handle/unknown-types.ts',
    from: 'if (waitedMs < rules.unknownTypeGraceSeconds * 1000) {',
    to: 'if (waitedMs < 0) {',
    by: SCHEDULES,
  },
  {
    mend: 'A type that some version wanted waits on a loosely filtered queue too',
    file: 'server/handle/unknown-types.ts',
    from: "return { kind: 'undecided', isWanted: recordedTypes.isWanted(type, delivery.receivedAt) };",
    to: 'return UNWANTED;',
    by: { spec: 'handle/unknown-types' },
  },
  {
    mend: 'The default backoff outlasts 15 minutes',
    file: 'server/settle/retry-policy.ts',
    from: 'const MIN_SHARE = 0.8;',
    to: 'const MIN_SHARE = 0;',
    by: SCHEDULES,
  },
  {
    mend: 'A message that comes before its backoff is over is not tried',
    file: 'server/handle/attempt-counter.ts',
    from: 'return earlyMs > SQS_TOLERANCE_MS ? earlyMs : 0;',
    to: 'return 0;',
    by: SCHEDULES,
  },
  {
    mend: '`RetryLater` costs no attempt',
    file: 'server/settle/retry-policy.ts',
    from: 'if (failed.retryLaterMs() < rules.retryLaterForSeconds * 1000)',
    to: 'if (failed.retryLaterMs() < 0)',
    by: SCHEDULES,
  },
  {
    mend: 'A refusal that is permanent is dead-lettered at once',
    file: 'server/settle/retry-policy.ts',
    from: "if (isPermanent(error, rules)) return { kind: 'dead-letter', rule: 'permanent', error };",
    to: '',
    by: { spec: 'server/settle/retry-policy' },
  },
  {
    mend: 'FIFO: a receive by another process is no attempt',
    file: 'server/handle/attempt-counter.ts',
    from: 'if (!this.options.fifo) return exactly(failed + 1 + presumed, free);',
    to: 'return exactly(failed + 1 + presumed, free);',
    by: SCHEDULES,
  },
  {
    mend: 'A letter counts calls of the handler only',
    file: 'server/handle/admitter.ts',
    from: '({ ...attempt, made: attempt.made - 1 });',
    to: 'attempt;',
    by: SCHEDULES,
  },
  {
    mend: 'Nothing reaches the 1,000th receive of SQS',
    file: 'server/settle/retry-policy.ts',
    from: 'SPARING.find(([receives]) => receiveCount >= receives)?.[1] ?? 0;',
    to: 'receiveCount * 0;',
    by: SCHEDULES,
  },
  {
    mend: 'A message that kills its process ends: with a shared store',
    file: 'server/handle/inbox-gate.ts',
    from: "if (attempt <= rules.maxReceiveCount) return { kind: 'run', attempt };",
    to: "if (attempt <= 1_000) return { kind: 'run', attempt };",
    by: SCHEDULES,
  },
  {
    mend: 'A message that kills its process ends: without one',
    file: 'server/handle/suspects.ts',
    from: 'this.options.attempts.unknownReceives(delivery) >= Math.max(1, this.options.maxReceiveCount - 1)',
    to: 'this.options.attempts.unknownReceives(delivery) < 0',
    by: SCHEDULES,
  },
  {
    mend: 'A handler that goes on elsewhere is no death: its mark is renewed',
    file: 'server/handle/suspects.ts',
    from: 'mark.timer = setTimeout(() => void this.renew(mark), this.share(share));',
    to: 'mark.timer = setTimeout(() => undefined, this.share(share));',
    by: { spec: 'handle/suspects' },
  },
  {
    mend: 'A handler that has ended leaves no mark',
    file: 'server/handle/delivery-runner.ts',
    from: 'if (!delivery.isAbandoned) void this.options.suspects?.end(delivery);',
    to: '',
    by: SCHEDULES,
  },
  {
    mend: 'A forced stop costs no attempt',
    file: 'server/handle/failures.ts',
    from: 'if (delivery.isStopped) return STOPPED;',
    to: '',
    by: SCHEDULES,
  },
  {
    mend: 'A lease is counted from the answer of a long poll',
    file: 'server/receive/lease-start.ts',
    from: 'return Math.max(beganAt, arrivedAt - allowanceMs);',
    to: 'return beganAt - 0 * (arrivedAt - allowanceMs);',
    by: { spec: 'receive/lease-start' },
  },
  {
    mend: 'Durations do not depend on the wall clock',
    file: 'async/clock.ts',
    from: 'performance.now()',
    to: 'Date.now()',
    by: SCHEDULES,
  },
  {
    mend: "A message's age is told by SQS's clock, not by the wall clock",
    file: 'server/receive/sqs-clock.ts',
    from: 'if (firstReceivedAt === undefined) return;',
    to: 'if (firstReceivedAt !== 0) return;',
    by: { spec: 'receive/sqs-clock' },
  },
  {
    mend: 'What still runs keeps its slot, lane and claim',
    file: 'server/handle/handler-time.ts',
    from: 'delivery.abort(late.error);',
    to: 'delivery.abort(late.error); reject(late.error);',
    by: SCHEDULES,
  },
  {
    mend: 'A position in use is not forgotten',
    file: 'inbox/memory-inbox-store.ts',
    from: 'Object.assign(subject, hold, { forgetAt: Math.max(subject.forgetAt, now + KEEP_MS) });',
    to: 'Object.assign(subject, hold);',
    by: { spec: 'inbox/memory-inbox-store' },
  },
  {
    mend: 'No handler begins once the server stops',
    file: 'server/delivery.ts',
    from: 'this.hasBegun = !this.held;',
    to: 'this.hasBegun = true;',
    by: { spec: 'server/queue-consumer.stop' },
  },
  {
    mend: 'A message is a dead letter before it expires',
    file: 'server/settle/retry-policy.ts',
    from: 'if (ageSeconds + settlement.seconds < rules.retentionSeconds - margin) return settlement;',
    to: 'if (ageSeconds >= 0) return settlement;',
    by: SCHEDULES,
  },
  {
    mend: 'A copy that is too large is trimmed to what its queue takes',
    file: 'server/settle/dead-letter-writer.ts',
    from: 'return limit < bytes ? limit : 0;',
    to: 'return limit * 0;',
    by: SCHEDULES,
  },
  {
    mend: 'A copy that is refused is told',
    file: 'server/settle/dead-letter-writer.ts',
    from: 'if (failure) this.noteRefused(delivery, failure);',
    to: 'if (failure) this.isRefusing = true;',
    by: SCHEDULES,
  },
  {
    mend: 'A subject that the store has forgotten starts again',
    file: 'inbox/sequence-guard.ts',
    from: "const policy = position === undefined ? 'proceed' : rules.onGapTimeout;",
    to: 'const policy = rules.onGapTimeout;',
    by: { spec: 'inbox/inbox.spec' },
  },
  {
    mend: 'An early event is woken when its turn comes',
    file: 'inbox/places.ts',
    from: "else if (end === 'done') places.push(orderPlace(subject, BigInt(sequence) + 1n));",
    to: '',
    by: { spec: 'inbox/inbox.spec' },
  },
  {
    mend: 'What was decided is only copied, not run again',
    file: 'server/handle/admitter.ts',
    from: 'if (decided) return decided;',
    to: '',
    by: SCHEDULES,
  },
  {
    mend: 'A subject counts with its source',
    file: 'inbox/held-claim.ts',
    from: 'subject: subjectKey({ source: metadata.source, subject: order.subject })',
    to: "subject: subjectKey({ source: '', subject: order.subject })",
    by: SCHEDULES,
  },
  {
    mend: 'A queue has one owner',
    file: 'topology/tag-keeper.ts',
    from: 'if (owner === undefined || owner === service || formerly.includes(owner)) return;',
    to: 'if (owner !== service + formerly.length) return;',
    by: { spec: 'topology/tag-keeper' },
  },
  {
    mend: 'A claim whose answer was lost is taken back',
    file: 'inbox/inbox.ts',
    from: "void this.release(claim, 'unstarted');\n      return this.withoutStore();",
    to: 'return this.withoutStore();',
    by: SCHEDULES,
  },
  {
    mend: 'A claim that could not be ended is ended later',
    file: 'inbox/claims.ts',
    from: 'void this.endLater(ending);',
    to: '',
    by: { spec: 'inbox/claims' },
  },
  {
    mend: 'Throttling does not end a start',
    file: 'topology/call-retries.ts',
    from: "case 'THROTTLED':\n        return true;",
    to: "case 'THROTTLED':\n        return false;",
    by: { spec: 'topology/call-retries' },
  },
  {
    mend: 'A message is marked done before it is deleted',
    file: 'server/handle/inbox-gate.ts',
    from: "if (settlement.kind === 'delete' && !delivery.mayHaveStopped) return this.whileHeld(delivery, claim);",
    to: '',
    by: SCHEDULES,
  },
  {
    mend: 'A letter is deleted only when its copy is accepted',
    file: 'server/settle/settler.ts',
    from: "if ((await this.deadLetters.write(delivery, error, attempt)) === 'refused') {",
    to: "if ((await this.deadLetters.write(delivery, error, attempt)) === 'refused' && attempt < 0) {",
    by: SCHEDULES,
  },
];
