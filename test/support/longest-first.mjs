import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Sequencer from '@jest/test-sequencer';

const ROOT = join(import.meta.dirname, '../..');

/** Those that take longest, the longest first. One that is not named here only starts later. */
const LONG = [
  'test/e2e/inbox-processes.e2e-spec.ts',
  'test/e2e/versions-side-by-side.e2e-spec.ts',
  'test/e2e/attempts.e2e-spec.ts',
  'test/e2e/cli.e2e-spec.ts',
  'test/e2e/steering.e2e-spec.ts',
  'test/e2e/shared-steering.e2e-spec.ts',
  'test/e2e/request-reply-faults.e2e-spec.ts',
  'test/e2e/engine.e2e-spec.ts',
  'test/e2e/pipeline-apps.e2e-spec.ts',
  'apps/users/src/users/users.controller.spec.ts',
  'test/e2e/publisher.e2e-spec.ts',
  'test/e2e/readme.e2e-spec.ts',
  'libs/nestjs-sns-sqs/src/inbox/inbox.interleavings.spec.ts',
  'libs/nestjs-sns-sqs/src/postgres/outbox/postgres-outbox.spec.ts',
  'libs/nestjs-sns-sqs/src/wire/wire-faults.spec.ts',
  'libs/nestjs-sns-sqs/src/inbox/redis-inbox-store.spec.ts',
  'libs/nestjs-sns-sqs/src/postgres/inbox/postgres-inbox-store.spec.ts',
  'libs/nestjs-sns-sqs/src/inbox/inbox.properties.spec.ts',
  'libs/nestjs-sns-sqs/src/inbox/redis-refusals.spec.ts',
].map(name => join(ROOT, name));

const gone = LONG.filter(spec => !existsSync(spec));
if (gone.length > 0) throw new Error(`longest-first.mjs names specs that no longer exist: ${gone.join(', ')}`);

/**
 * Where nothing is known of earlier runs, Jest starts the largest files first, and one of half a minute may be the
 * last. Here one major follows the other, so that the same long test does not run beside itself.
 */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort([...tests]).sort((a, b) => byProject(a, b) || rankOf(a) - rankOf(b));
  }
}

const PROJECTS = ['nest12', 'nest11', 'without-nest'];
const byProject = (a, b) => projectOf(a) - projectOf(b);
const projectOf = ({ context }) => PROJECTS.indexOf(context.config.displayName?.name);

function rankOf({ path }) {
  const rank = LONG.indexOf(path);
  if (rank >= 0) return rank;
  return path.includes('e2e') ? LONG.length : LONG.length + 1;
}
