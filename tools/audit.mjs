// Known vulnerabilities in what is installed. A finding fails; so does a registry that cannot be asked, unless
// AUDIT_OPTIONAL is set: then it is said loudly, and nothing is known.
import { spawnSync } from 'node:child_process';

const NO_ANSWER = 3;
const { stdout, stderr, status } = spawnSync('npm', ['audit', '--json'], { encoding: 'utf8', timeout: 120_000 });
const report = parse(stdout);
const found = report?.metadata?.vulnerabilities;

if (!found) {
  const why = report?.message ?? report?.error?.summary ?? (stderr.trim() || `npm audit ended with ${status}`);
  console.error(`\nNO AUDIT: the registry did not answer it (${why}). Whether anything is vulnerable is not known.\n`);
  process.exit(process.env.AUDIT_OPTIONAL ? 0 : NO_ANSWER);
}
if (found.total > 0) {
  for (const { name, severity, range, via } of Object.values(report.vulnerabilities)) {
    const titles = via.map(each => each.title ?? each).join('; ');
    console.error(`${severity}: ${name} ${range}: ${titles}`);
  }
  console.error(`${found.total} vulnerabilities`);
  process.exit(1);
}
console.log(`no known vulnerability in ${report.metadata.dependencies.total} packages`);

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
