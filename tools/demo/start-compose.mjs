// The sample services on LocalStack, PostgreSQL, Redis and Mailpit of docker-compose.yml; Ctrl-C stops them and the containers.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const GIVEN = [
  ['--endpoint', 'http://127.0.0.1:4566'],
  ['--smtp', 'smtp://127.0.0.1:1025'],
  ['--database', 'postgres://users:users@127.0.0.1:5432/users'],
  ['--redis', 'redis://127.0.0.1:6379'],
];

const compose = (...args) => spawnSync('docker', ['compose', ...args], { cwd: ROOT, stdio: 'inherit' });

if (spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status !== 0) {
  console.error(
    '`docker compose` is not to be had here. Install Docker, or run `npm start`, which needs Node and npm only.',
  );
  process.exit(1);
}
if (compose('up', '--detach', '--wait').status !== 0) {
  console.error('The containers did not start: see above. `docker compose logs` tells more.');
  process.exit(1);
}
console.log('mails: http://127.0.0.1:8025');
const child = spawn(process.execPath, [join(import.meta.dirname, 'start.mjs'), ...GIVEN.flat()], { stdio: 'inherit' });
// Ctrl-C reaches the child too; this process waits for it, and then stops the containers.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', code => {
  compose('down');
  process.exit(code ?? 1);
});
