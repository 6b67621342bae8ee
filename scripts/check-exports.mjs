// Puts `topology export` to other tools: AWS CDK must synthesise the template of --format cloudformation from the stack
// of --format cdk, and HashiCorp's own parser must read what --format terraform writes. Both are large, so they are
// installed into .tmp for this check, and kept for the next run. Needs `npm run build:libs`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

const FOLDER = join(import.meta.dirname, '../.tmp/check-exports');
const PACKAGES = ['aws-cdk-lib@2.276.0', 'constructs@10.5.1', '@cdktf/hcl2json@0.21.0'];
const CLI = join(import.meta.dirname, '../dist/libs/nestjs-sns-sqs/esm/cli/cli.js');
const LIMIT_MS = 300_000;

function run(command, args, cwd = FOLDER) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: LIMIT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return stdout;
  console.error(error?.message ?? `${stdout}${stderr}`);
  process.exit(1);
}

/** What handlers may ask for: a filter that SNS cannot express, several topics, a topic of another account, requests. */
const settings = {
  concurrency: 10,
  handlerTimeoutMs: 300_000,
  maxReceiveCount: 5,
  backoff: { initialSeconds: 2, factor: 8, maxSeconds: 1_800 },
  retryLaterForSeconds: 43_200,
  unknownTypeGraceSeconds: 900,
  inbox: true,
};
const queue = (name, subscriptions, handlers) => ({
  name,
  fifo: name.endsWith('.fifo'),
  deadLetterQueue: name.replace(/(\.fifo)?$/, '-dlq$1'),
  visibilityTimeoutSeconds: 30,
  retentionSeconds: 1_209_600,
  ordering: 'none',
  formerly: [],
  subscriptions,
  handlers,
  settings,
});
const document = {
  format: 'nestjs-sns-sqs/topology',
  version: 1,
  services: [
    {
      service: 'notifications',
      prefix: 'dev-',
      provisioning: 'off',
      formerly: [],
      inbox: 'shared',
      queues: [
        queue(
          'dev-audit',
          [
            { topic: 'dev-orders-domain-events', types: ['*.created'] },
            { topic: 'dev-users-domain-events', types: ['it\'s "quoted" ${x}', 'user.*'] },
          ],
          [],
        ),
        queue('dev-count', [{ topic: 'arn:aws:sns:eu-west-1:111111111111:other', types: ['*'] }], []),
        queue('dev-notifications-async-commands.fifo', [], [{ pattern: 'sum', kind: 'request' }]),
      ],
    },
  ],
  publishers: [{ service: 'notifications', topic: 'dev-notifications-domain-events', provisioning: 'off' }],
  senders: [{ service: 'users', queue: 'dev-users-async-commands.fifo', provisioning: 'off' }],
  contracts: [],
};

mkdirSync(FOLDER, { recursive: true });
if (!existsSync(join(FOLDER, 'node_modules/aws-cdk-lib'))) {
  console.log(`installing ${PACKAGES.join(', ')}`);
  writeFileSync(join(FOLDER, 'package.json'), '{ "private": true, "type": "module" }');
  run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', ...PACKAGES]);
}
const file = join(FOLDER, 'topology.json');
writeFileSync(file, JSON.stringify(document));
const exported = (format, ...options) =>
  run(process.execPath, [CLI, 'topology', 'export', '--from', file, '--format', format, ...options]);

const { parse } = await import(pathToFileURL(join(FOLDER, 'node_modules/@cdktf/hcl2json/lib/index.js')).href);
for (const options of [
  [],
  ['--kms-key', 'alias/messages', '--tag', 'team=mail', '--topics', 'all', '--alarm-action', 'arn:x'],
]) {
  const template = JSON.parse(exported('cloudformation', ...options));
  writeFileSync(join(FOLDER, 'stack.ts'), exported('cdk', ...options));
  writeFileSync(
    join(FOLDER, 'synth.ts'),
    `import { App, DefaultStackSynthesizer } from 'aws-cdk-lib';
    import { MessagingStack } from './stack.ts';
    const app = new App({ analyticsReporting: false });
    new MessagingStack(app, 'Messaging', { synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) });
    process.stdout.write(JSON.stringify(app.synth().getStackByName('Messaging').template));`,
  );
  const { Resources, Outputs, Description } = JSON.parse(
    run(process.execPath, ['--experimental-strip-types', '--no-warnings', 'synth.ts']),
  );
  for (const [name, [wanted, found]] of Object.entries({
    Resources: [template.Resources, Resources],
    Outputs: [template.Outputs, Outputs],
    Description: [template.Description, Description],
  })) {
    if (isDeepStrictEqual(found, wanted)) continue;
    for (const id of new Set([...Object.keys(wanted), ...Object.keys(found ?? {})])) {
      if (!isDeepStrictEqual(found?.[id], wanted[id]))
        console.error(`${name}.${id}:`, JSON.stringify({ wanted: wanted[id], found: found?.[id] }));
    }
    process.exit(1);
  }
  console.log(`CDK synthesises the same template, of ${Object.keys(Resources).length} resources`);

  const terraform = await parse('main.tf', exported('terraform', ...options));
  const counts = (type, resource) => [
    Object.values(template.Resources).filter(({ Type }) => Type === type).length,
    Object.keys(terraform.resource[resource] ?? {}).length,
  ];
  const compared = {
    aws_sqs_queue: counts('AWS::SQS::Queue', 'aws_sqs_queue'),
    aws_sns_topic: counts('AWS::SNS::Topic', 'aws_sns_topic'),
    aws_sns_topic_subscription: counts('AWS::SNS::Subscription', 'aws_sns_topic_subscription'),
    aws_sqs_queue_policy: counts('AWS::SQS::QueuePolicy', 'aws_sqs_queue_policy'),
    aws_cloudwatch_metric_alarm: counts('AWS::CloudWatch::Alarm', 'aws_cloudwatch_metric_alarm'),
    aws_iam_policy: counts('AWS::IAM::ManagedPolicy', 'aws_iam_policy'),
  };
  const wrong = Object.entries(compared).filter(([, [wanted, found]]) => wanted !== found);
  if (wrong.length > 0) {
    console.error('Terraform has other resources than CloudFormation:', JSON.stringify(wrong));
    process.exit(1);
  }
  const names = Object.values(terraform.resource.aws_sqs_queue).map(([{ name }]) => name);
  const wantedNames = Object.values(template.Resources).flatMap(({ Properties }) => Properties.QueueName ?? []);
  if (!isDeepStrictEqual(names.toSorted(), wantedNames.toSorted())) {
    console.error('Terraform has other queues than CloudFormation:', names, wantedNames);
    process.exit(1);
  }
  console.log(`Terraform's parser reads the same resources, of ${Object.keys(compared).length} types`);
}
