import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { scripts } = JSON.parse(readFileSync(join(process.cwd(), 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

describe('the scripts that start processes', () => {
  // npm passes signals to the shell, and a shell does not pass them on: without `exec` the services would outlive it.
  it.each(['start', 'start:compose', 'demo'])('let npm reach %s, so that a signal stops all that it started', name => {
    expect(scripts[name]).toMatch(/^exec node [\w./-]+\.mjs$/);
    expect(scripts[`pre${name}`]).toMatch(/^npm run build\b/);
  });
});

describe('the folders of the libraries', () => {
  it.each(['nestjs-sns-sqs', 'local-sns-sqs'])('refuse to pack %s, of which nothing is built there', name => {
    const cwd = join(process.cwd(), 'libs', name);
    const { status, stderr } = spawnSync('npm', ['pack', '--dry-run'], { cwd, encoding: 'utf8' });
    expect(status).not.toBe(0);
    expect(stderr).toContain(`npm pack ./dist/libs/${name}`);
  });
});
