import { InvalidArgumentError, Option, type Command } from 'commander';
import { CliError } from '../cli-error.js';
import type { CliCommand } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { openAws } from '../aws.js';
import type { Output } from '../output.js';
import { documentOf, withAws, withDocument, type AwsOptions, type DocumentOptions } from '../shared-options.js';
import { cdkOf } from '../../topology/export/cdk.js';
import { cloudFormationOf } from '../../topology/export/cloudformation.js';
import {
  DEFAULT_ALARM_AGE_SECONDS,
  DEFAULT_KMS_REUSE_SECONDS,
  TOPIC_CHOICES,
  type ExportOptions,
  type TopicChoice,
} from '../../topology/export/export-options.js';
import { iamPoliciesOf } from '../../topology/export/iam.js';
import { mermaidOf } from '../../topology/export/mermaid.js';
import { findExisting } from '../../topology/export/find-existing.js';
import { terraformOf, type Existing } from '../../topology/export/terraform.js';
import { partitionOf } from '../../topology/partitions.js';
import type { TopologyDocument } from '../../topology/topology-document.js';

const FORMATS = ['cloudformation', 'cdk', 'terraform', 'iam', 'mermaid'] as const;

interface ExportCommandOptions extends DocumentOptions, AwsOptions {
  format: (typeof FORMATS)[number];
  kmsKey?: string;
  kmsReuseSeconds?: number;
  tag: Record<string, string>;
  topics: TopicChoice;
  alarms: boolean;
  alarmAgeSeconds: number;
  alarmAction: string[];
  policies: boolean;
  import?: boolean;
  account: string;
}

/** CloudFormation's bound of a template (cloudformation-limits). */
const MAX_RESOURCES = 500;

const seconds = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It takes a whole number of seconds.');
  return value;
};

function tag(text: string, before: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It takes a key and a value: team=mail.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

const listed = (text: string, before: string[]): string[] => [...before, text];

const configure = (command: Command): Command =>
  withAws(withDocument(command))
    .addOption(new Option('--format <name>', 'the language').choices(FORMATS).makeOptionMandatory())
    .addOption(
      new Option('--topics <which>', "the app's own topics, all that it names without an ARN, topics only, or none")
        .choices(TOPIC_CHOICES)
        .default('own'),
    )
    .option('--kms-key <id>', "ARN, id or alias of a customer key, in place of SQS's own encryption")
    .option('--kms-reuse-seconds <n>', `how long SQS uses a data key (default: ${DEFAULT_KMS_REUSE_SECONDS})`, seconds)
    .option('--tag <key=value>', 'a tag of each topic and queue; may be repeated', tag, {})
    .option('--alarm-age-seconds <n>', 'age of the oldest message that alarms', seconds, DEFAULT_ALARM_AGE_SECONDS)
    .option('--alarm-action <arn>', 'whom alarms tell; may be repeated', listed, [])
    .option('--no-alarms', 'leaves the alarms out')
    .option('--no-policies', "leaves the roles' policies out")
    .option('--import', 'adds import blocks for what the account has already, for terraform; calls AWS')
    .option('--account <id>', 'the account in ARNs, for iam', '*');

const exportOptions = (given: ExportCommandOptions): ExportOptions => ({
  kmsKeyId: given.kmsKey,
  kmsDataKeyReuseSeconds: given.kmsReuseSeconds,
  tags: given.tag,
  topics: given.topics,
  policies: given.policies,
  alarms: given.alarms && { ageSeconds: given.alarmAgeSeconds, actions: given.alarmAction },
});

const json = (value: unknown): string => JSON.stringify(value, null, 2);

const ANYWHERE = '*';

async function textOf(document: TopologyDocument, given: ExportCommandOptions, output: Output): Promise<string> {
  const options = exportOptions(given);
  const { region = ANYWHERE, account } = given;
  switch (given.format) {
    case 'cloudformation':
      return json(cloudFormationOf(document, options));
    case 'cdk':
      return cdkOf(document, options);
    case 'terraform':
      return terraformOf(document, options, given.import ? await existingFor(document, given, output) : undefined);
    case 'iam':
      return json(iamPoliciesOf(document, options, { partition: partitionOf(region), region, account }));
    case 'mermaid':
      return mermaidOf(document);
  }
}

async function existingFor(document: TopologyDocument, given: AwsOptions, output: Output): Promise<Existing> {
  const aws = openAws(given, output);
  try {
    return await findExisting(document, aws.planes);
  } finally {
    aws.destroy();
  }
}

/** `topology export`: the same topology and options always give the same bytes. */
export const topologyExport: CliCommand<ExportCommandOptions> = {
  path: 'topology export',
  summary: 'writes the topology for another tool: complete, deployable, least privilege for each role',
  configure,
  async run({ options, io, output }) {
    if (options.kmsKey?.endsWith('alias/aws/sqs')) {
      throw new CliError(
        'SNS cannot use the key alias/aws/sqs, so events would be lost. Give a customer key, or no --kms-key.',
      );
    }
    if (options.import && options.format !== 'terraform') throw new CliError('--import is for --format terraform');
    const document = await documentOf(options, io);
    const text = await textOf(document, options, output);
    const count = Object.keys(cloudFormationOf(document, exportOptions(options)).Resources).length;
    if (options.format.startsWith('c') && count > MAX_RESOURCES) {
      output.note(
        `warning: the template has ${count} resources, and CloudFormation takes ${MAX_RESOURCES}. Leave the alarms out, or divide the app's services.`,
      );
    }
    output.result({ format: options.format, text }, () => text);
    return EXIT.ok;
  },
};
