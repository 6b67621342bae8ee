// Before any test: says loudly when there is no redis-server, or fails where REQUIRE_REDIS is set, as in .ci/run.
import { spawnSync } from 'node:child_process';

const HOW = 'Install it (apt-get install redis-server, brew install redis) and run again.';

export default function requireRedis() {
  if (spawnSync('redis-server', ['--version']).status === 0) return;
  const text = `redis-server is not on the PATH: THE REDIS HALF OF THE INBOX'S TESTS IS LEFT OUT. ${HOW}`;
  if (process.env.REQUIRE_REDIS) throw new Error(text);
  console.warn(`\n${'!'.repeat(100)}\n${text}\n${'!'.repeat(100)}\n`);
}
