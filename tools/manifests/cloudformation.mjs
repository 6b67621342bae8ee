import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FOLDER, install, run, workFile } from './tool.mjs';

const VERSION = '1.51.0';
const VENV = join(FOLDER, `cfn-lint-${VERSION}`);
const BIN = join(VENV, 'bin/cfn-lint');

/** Where each template comes from, by its file. */
const queued = new Map();

/** cfn-lint takes seconds to start: it reads all templates in one run, {@link lintQueued}. */
export function queueCloudFormation(template, where) {
  queued.set(workFile(`template-${queued.size}.yml`, template), where);
  return [];
}

/** What cfn-lint says of the templates: warnings count too. */
export function lintQueued() {
  if (!existsSync(BIN)) {
    install('a virtual environment of Python', 'python3', ['-m', 'venv', VENV], '.');
    const pip = ['install', '--quiet', '--no-compile', '--disable-pip-version-check', `cfn-lint==${VERSION}`];
    install(`cfn-lint ${VERSION}`, join(VENV, 'bin/pip'), pip);
  }
  const { isOk, output } = run(BIN, ['--format', 'parseable', '--regions', 'eu-west-1', '--', ...queued.keys()]);
  if (isOk) return [];
  return output.split('\n').map(line => {
    const file = [...queued.keys()].find(name => line.startsWith(`${name}:`));
    return file ? line.replace(`${file}:`, `${queued.get(file)}, its line `) : line;
  });
}

/** A policy as the template of a resource that takes it. A statement with a principal belongs to a key. */
export function policyTemplate(json) {
  const parsed = JSON.parse(json);
  const PolicyDocument = parsed.Statement ? parsed : { Version: '2012-10-17', Statement: [parsed] };
  const isOfKey = PolicyDocument.Statement.some(({ Principal }) => Principal !== undefined);
  return JSON.stringify({
    Resources: {
      Policy: isOfKey
        ? { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: PolicyDocument } }
        : { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument } },
    },
  });
}
