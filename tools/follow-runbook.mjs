// Follows docs/guides/dead-letters.md to the letter, and what docs/guides/local-development.md sends by hand, with the AWS
// CLI on the endpoint of AWS_ENDPOINT_URL. --aws: the CLI to use; version 1 does not read that variable.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

const DOCS = join(import.meta.dirname, '../docs/guides');
const LIMIT_MS = 120_000;
const { values } = parseArgs({ options: { aws: { type: 'string', default: 'aws' } } });
const CLI = `aws() { "${values.aws}" --endpoint-url "$AWS_ENDPOINT_URL" --no-cli-pager "$@"; }
[ "$("${values.aws}" --version 2>&1 | cut -c9)" != 1 ] || aws() { "${values.aws}" --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }`;
const QUEUE = 'send-email-on-user-registered';

const blocksOf = page =>
  [...readFileSync(join(DOCS, page), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, text]) => text);

/** In one shell, as a person types it, from the first failure on not at all. */
function shell(what, script) {
  console.log(`> ${what}`);
  const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', `${CLI}\n${script}`], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  if (status === 0) return stdout;
  console.error(`${what} failed\n${stdout}${stderr}`);
  process.exit(1);
}

function expectText(what, text, wanted) {
  if (text.includes(wanted)) return;
  console.error(`${what}: no ${wanted}\n${text}`);
  process.exit(1);
}

const sqs = new SQSClient({});
const sns = new SNSClient({});

async function queueWith(name, attributes) {
  const fifo = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { ...fifo, ...attributes } }),
  );
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  return { url: QueueUrl, arn: Attributes.QueueArn };
}

/** A queue with its dead-letter queue, and a letter as the library writes it. */
async function letterIn(queue, dlq) {
  const { url, arn: deadLetterTargetArn } = await queueWith(dlq, {});
  await queueWith(queue, { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1000 }) });
  const group = dlq.endsWith('.fifo') ? { MessageGroupId: 'g', MessageDeduplicationId: 'd' } : {};
  const reason = { DataType: 'String', StringValue: 'smtp is down' };
  const letter = { MessageBody: 'letter', MessageAttributes: { 'deadletter.reason': reason }, ...group };
  await sqs.send(new SendMessageCommand({ QueueUrl: url, ...letter }));
}

async function subscribedQueue(topic, queue) {
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: topic }));
  const allow = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: '*',
  };
  const { arn } = await queueWith(queue, { Policy: JSON.stringify({ Version: '2012-10-17', Statement: [allow] }) });
  const filter = { RawMessageDelivery: 'true', FilterPolicy: JSON.stringify({ type: ['order.placed'] }) };
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: arn, Attributes: filter }));
}

for (const [queue, dlq] of [
  [QUEUE, `${QUEUE}-dlq`],
  ['notifications-async-commands.fifo', 'notifications-async-commands-dlq.fifo'],
]) {
  await letterIn(queue, dlq);
  const [names, ...steps] = blocksOf('dead-letters.md');
  const purge = steps.findIndex(step => step.includes('purge-queue'));
  const named = names.replace(`QUEUE=${QUEUE}\n`, `QUEUE=${queue}\n`).replace('DLQ=$QUEUE-dlq', `DLQ=${dlq}`);
  // The look hides the letter for its five seconds, and a move task takes what is visible.
  const look = shell(`look at ${dlq}`, [named, ...steps.slice(0, 2)].join('\n'));
  expectText('the look', look, 'smtp is down');
  const moved = shell(
    `redrive ${dlq}`,
    `${named}
until [ "$(aws sqs get-queue-attributes --queue-url $URL --attribute-names ApproximateNumberOfMessages --query Attributes.ApproximateNumberOfMessages --output text)" = 1 ]; do :; done
${steps.slice(2, purge).join('\n')}
aws sqs receive-message --wait-time-seconds 20 --queue-url $(aws sqs get-queue-url --queue-name ${queue} --query QueueUrl --output text)`,
  );
  expectText('the redrive', moved, '"Body": "letter"');
  shell(`purge ${dlq}`, [named, steps[purge]].join('\n'));
}

await subscribedQueue('shop-domain-events', 'by-hand');
const byHand = blocksOf('local-development.md').find(block => block.includes('sns publish'));
const arrived = shell(
  'an event by hand',
  `${byHand.replaceAll('aws --endpoint-url $AWS_ENDPOINT_URL', 'aws')}
URL=$(aws sqs get-queue-url --queue-name by-hand --query QueueUrl --output text)
aws sqs receive-message --wait-time-seconds 20 --queue-url $URL`,
);
expectText('the event by hand', arrived, 'order.placed');
console.log('the runbook holds');
