import Sequencer from '@jest/test-sequencer';

/** Those that take longest, the longest first. One that is not named here only starts later. */
const LONG = ['inbox-processes', 'request-reply-faults', 'engine', 'pipeline-apps', 'users.controller', 'publisher'];

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
  const rank = LONG.findIndex(name => path.includes(`/${name}.`));
  if (rank >= 0) return rank;
  return path.includes('e2e') ? LONG.length : LONG.length + 1;
}
