import type { Command } from 'commander';
import { openAws } from '../aws.js';
import type { CliCommand, CommandRun } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { table, type Output, type Style } from '../output.js';
import { documentOf, withAws, withDocument, type AwsOptions, type DocumentOptions } from '../shared-options.js';
import { examineAccount, type Finding } from '../../topology/examine-account.js';
import { examineClients, type ClientFinding } from '../../topology/examine-clients.js';

type CompareOptions = DocumentOptions & AwsOptions;

export interface ServiceFindings {
  service: string;
  findings: Finding[];
}

const configure = (command: Command): Command => withAws(withDocument(command));

/** What a server of the app misses too is there already. */
function addClients(all: ServiceFindings[], found: readonly ClientFinding[]): void {
  for (const { service, finding } of found) {
    if (all.some(({ findings }) => findings.some(({ resource }) => resource === finding.resource))) continue;
    const known = all.find(each => each.service === service);
    if (known) known.findings.push(finding);
    else all.push({ service, findings: [finding] });
  }
}

/** Of all services of the app, in order, with what its clients need. */
async function compare({ options, io, output }: CommandRun<CompareOptions>): Promise<ServiceFindings[]> {
  const document = await documentOf(options, io);
  const aws = openAws(options, output);
  try {
    const all: ServiceFindings[] = [];
    for (const service of document.services) {
      const { findings } = await examineAccount(service, aws.planes, aws.listQueues);
      all.push({ service: service.service, findings });
    }
    addClients(all, await examineClients(document, aws.planes, aws.accountAndRegion));
    return all;
  } finally {
    aws.destroy();
  }
}

const STYLES: Record<Finding['kind'], Style> = {
  missing: 'green',
  differs: 'yellow',
  owner: 'red',
  orphan: 'dim',
  'on-use': 'dim',
  danger: 'red',
};

/** What `create` does about a finding. */
const STEPS: Record<Finding['kind'], string> = {
  missing: 'create makes it',
  differs: 'create raises it',
  owner: 'the start fails',
  orphan: 'prune removes it',
  'on-use': 'the first emit makes it',
  danger: 'create keeps it',
};

function textOf(all: readonly ServiceFindings[], output: Output): string {
  const rows = all.flatMap(({ service, findings }) =>
    findings.map(({ kind, text }) => [service, kind, STEPS[kind], text]),
  );
  if (rows.length === 0)
    return output.paint('green', 'The account has everything that the handlers need, and nothing else.');
  const [head = '', ...lines] = table(['service', 'finding', 'next', 'what'], rows).trimEnd().split('\n');
  const painted = lines.map((line, at) => output.paint(STYLES[rows[at]?.[1] as Finding['kind']], line));
  return [output.paint('bold', head), ...painted].join('\n');
}

/** `topology plan`: what the next start with `create` would do. Finding something is no failure of it. */
export const topologyPlan: CliCommand<CompareOptions> = {
  path: 'topology plan',
  summary: 'compares with an AWS account, and says what a start with create does; changes nothing',
  configure,
  async run(run) {
    const all = await compare(run);
    run.output.result(all, () => textOf(all, run.output));
    return EXIT.ok;
  },
};

/** `topology diff`: the same, as a check: it exits with 2 when anything differs. */
export const topologyDiff: CliCommand<CompareOptions> = {
  path: 'topology diff',
  summary: 'compares with an AWS account, and exits with 2 where they differ; changes nothing',
  configure,
  async run(run) {
    const all = await compare(run);
    run.output.result(all, () => textOf(all, run.output));
    // Whether a client of the app is ever used is not known.
    const isDifferent = all.some(({ findings }) => findings.some(({ kind }) => kind !== 'on-use'));
    return isDifferent ? EXIT.findings : EXIT.ok;
  },
};
