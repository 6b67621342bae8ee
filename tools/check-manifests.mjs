// Puts what the pages tell readers to deploy to tools that are not ours: `npm run docs:manifests`.
//   Kubernetes and KEDA: their own schemas, as compiled in the packages kubernetes-models and @kubernetes-models/keda
//   CloudFormation, and policies of IAM and KMS: cfn-lint, from PyPI
//   Terraform: HashiCorp's parser, @cdktf/hcl2json
//   Alert rules and queries of the dashboard: promtool, of Debian's package prometheus
// The tools are installed into .tmp, and kept for the next run. A block in a language of theirs that no tool has read
// fails the check, so that a new one is not forgotten.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf } from './manifests/blocks.mjs';
import { lintQueued, policyTemplate, queueCloudFormation } from './manifests/cloudformation.mjs';
import { validateKubernetes } from './manifests/kubernetes.mjs';
import { checkDashboard, checkRules } from './manifests/prometheus.mjs';
import { parseTerraform } from './manifests/terraform.mjs';
import { FOLDER } from './manifests/tool.mjs';

const ROOT = join(import.meta.dirname, '..');
const DOCS = join(ROOT, 'docs');

/** What a tool is asked about: the first that fits. `read` gets the text and its place, and returns what is wrong. */
const READERS = [
  { language: 'yaml', fits: text => /^apiVersion:/m.test(text), read: validateKubernetes },
  { language: 'yaml', fits: text => /^Resources:/m.test(text), read: queueCloudFormation },
  {
    language: 'json',
    fits: text => /"Effect"/.test(text),
    read: (text, where) => queueCloudFormation(policyTemplate(text), where),
  },
  { language: 'hcl', fits: () => true, read: parseTerraform },
];
/** What nobody deploys: steps of GitHub Actions, and messages. */
const SHOWN = [
  { language: 'yaml', fits: text => /^\s*(on|services):/m.test(text) },
  { language: 'json', fits: text => /"specversion"/.test(text) },
];

const pages = readdirSync(DOCS, { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.md') && !path.startsWith('api/'))
  .toSorted();
const problems = [];
let count = 0;
for (const page of pages) {
  for (const { language, text, line } of blocksOf(readFileSync(join(DOCS, page), 'utf8'))) {
    const isFor = entry => entry.language === language && entry.fits(text);
    const reader = READERS.find(isFor);
    if (!reader && !READERS.some(entry => entry.language === language)) continue;
    if (!reader && SHOWN.some(isFor)) continue;
    const found = reader
      ? await reader.read(text, `docs/${page}:${line}`)
      : ['no tool reads this block: add one, or say that it is only shown'];
    problems.push(...found.map(problem => `docs/${page}:${line}: ${problem}`));
    count += 1;
  }
}
problems.push(...lintQueued());
problems.push(...checkRules(join(DOCS, 'monitoring/alerts.yml')));
problems.push(...checkDashboard(join(DOCS, 'monitoring/grafana-dashboard.json')));
rmSync(join(FOLDER, 'work'), { recursive: true, force: true });
for (const problem of problems) console.error(problem);
console.log(`${count} blocks of ${pages.length} pages, the alert rules and the dashboard: ${problems.length} problems`);
process.exit(problems.length > 0 ? 1 : 0);
