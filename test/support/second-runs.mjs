// What `npm test` leaves to `npm run test:exhaustive`, so that it takes less than four minutes on two cores.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Specs that load Nest only to have a service that runs: they are about SNS, SQS and the inbox's store, and nothing in
 * them goes another way through the other major. `npm test` runs them on Nest 12.
 */
const ON_ONE_MAJOR = [
  'apps/notifications/src/database/database.spec.ts',
  'apps/notifications/src/mail/mailer.spec.ts',
  'apps/users/src/users/users.controller.spec.ts',
  'apps/users/src/users/users.messages.controller.spec.ts',
  'test/faults/outbox/model-agrees.spec.ts',
  ...[
    'cli/account-trouble',
    'cli/commands/contracts-export',
    'cli/docs',
    'cli/outbox-commands',
    'cli/run-cli',
    'postgres/sql/adapters',
    'server/queue-consumer.breaker',
    'server/queue-consumer.inbox',
    'server/queue-consumer.lease',
    'server/queue-consumer.lost-lease',
    'server/queue-consumer.mark-done',
    'server/queue-consumer.rate-limit',
    'server/receive/receive-pace',
    'wire/lean/lean-problems',
  ].map(name => `libs/nestjs-sns-sqs/src/${name}.spec.ts`),
  ...[
    'attempts',
    'aws-instrumentation',
    'bad-input',
    'cli',
    'client-certificate',
    'clock-steps',
    'commands',
    'contracts',
    'crash',
    'dead-letter-copy',
    'deviations',
    'cli-signals',
    'dlq-commands',
    'engine',
    'exactly-once',
    'examples',
    'fair-queues',
    'formerly',
    'handler-outlives-its-time',
    'heartbeat',
    'hostile-text',
    'iam',
    'inbox-away',
    'inbox-processes',
    'inbox-refuses',
    'many-queues',
    'one-id-of-two-services',
    'outbox',
    'own-requests',
    'provisioning-create',
    'provisioning-verify',
    'publisher',
    'queue-ownership',
    'rate-limit-processes',
    'reconnect',
    'reply-queues',
    'request-reply-faults',
    'samples-deployed',
    'samples-traced',
    'shared-steering',
    'silent-connections',
    'start-under-throttling',
    'steering',
    'stop-in-any-state',
    'testing-harness-quiet',
    'topology-round-trip',
    'tracing',
    'two-versions-topology',
    'undeliverable',
    'vanished',
    'vanished-targets',
    'versions-side-by-side',
  ].map(name => `test/e2e/${name}.e2e-spec.ts`),
];

/** Specs that try a sample in `npm test`. With EXHAUSTIVE in their environment they try everything. */
const SAMPLED = [
  'libs/nestjs-sns-sqs/src/outbox/relay.interleavings.spec.ts',
  'test/faults/outbox/model-agrees.spec.ts',
  ...['cli', 'inbox-processes', 'rate-limit-processes', 'silent-connections', 'versions-side-by-side'].map(
    name => `test/e2e/${name}.e2e-spec.ts`,
  ),
];

/** The same, of specs that load no Nest. */
const SAMPLED_WITHOUT_NEST = [
  'libs/nestjs-sns-sqs/src/dead-letters/dead-letter-desk.spec.ts',
  'test/faults/outbox/inbox.interleavings.spec.ts',
];

/** Specs without Nest that only `npm run test:exhaustive` runs: servers that start, refuse and end. */
const LEFT_OUT_WITHOUT_NEST = [
  'libs/nestjs-sns-sqs/src/postgres/outbox/postgres-outbox-refusals.spec.ts',
  ...['failover', 'pgbouncer', 'pglite'].map(name => `test/postgres/${name}.spec.ts`),
];

/** `npm run test:exhaustive`. */
const isExhaustive = Boolean(process.env.EXHAUSTIVE);

/** What to run on each major, as a part of a Jest project's configuration; `found` is what it would run otherwise. */
export function runsOf(root, found) {
  const named = [...ON_ONE_MAJOR, ...SAMPLED, ...SAMPLED_WITHOUT_NEST, ...LEFT_OUT_WITHOUT_NEST];
  const gone = named.filter(spec => !existsSync(join(root, spec)));
  if (gone.length > 0) throw new Error(`second-runs.mjs names specs that no longer exist: ${gone.join(', ')}`);
  const only = (specs, base = found) => ({ ...base, testMatch: specs.map(spec => `<rootDir>/${spec}`) });
  // No `testMatch` is everything: the third project has nothing to do.
  if (isExhaustive)
    return {
      nest12: only(SAMPLED),
      nest11: only(ON_ONE_MAJOR),
      withoutNest: only([...SAMPLED_WITHOUT_NEST, ...LEFT_OUT_WITHOUT_NEST], {}),
    };
  const others = [...found.testPathIgnorePatterns, ...ON_ONE_MAJOR.map(asPattern)];
  const leftOut = ['/node_modules/', ...LEFT_OUT_WITHOUT_NEST.map(asPattern)];
  return {
    nest12: found,
    nest11: { ...found, testPathIgnorePatterns: others },
    withoutNest: { testPathIgnorePatterns: leftOut },
  };
}

/** Of Jest: matches this spec and no other. */
export const asPattern = spec => `<rootDir>/${spec.replaceAll('.', '\\.')}$`;
