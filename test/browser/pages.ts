/**
 * The broker's page and the mails' page in a real browser, Debian's Chromium: `npm run test:browser`. CHROMIUM names
 * another one.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Page } from 'playwright-core';
import { startMailPage } from '../../tools/demo/mail-page.mjs';

interface Broker {
  endpoint: string;
  inspect: { queues(): Array<{ name: string; visible: number }>; calls(): Record<string, number> };
  stop(): Promise<void>;
}

const { startLocalBroker } = (await import('#broker/index.js')) as { startLocalBroker: () => Promise<Broker> };
const executablePath = process.env['CHROMIUM'] ?? spawnSync('which', ['chromium'], { encoding: 'utf8' }).stdout.trim();
if (executablePath === '') throw new Error('there is no chromium: apt-get install chromium, or name one by CHROMIUM');

const HOSTILE = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>"'&amp;\u202e</pre>`;
const broker = await startLocalBroker();
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });

async function sqs(action: string, input: object): Promise<Record<string, unknown>> {
  const headers = { 'x-amz-target': `AmazonSQS.${action}` };
  const response = await fetch(broker.endpoint, { method: 'POST', headers, body: JSON.stringify(input) });
  return (await response.json()) as Record<string, unknown>;
}
const sns = (parameters: Record<string, string>): Promise<Response> =>
  fetch(broker.endpoint, { method: 'POST', body: new URLSearchParams(parameters) });

/** A page that fails the test for whatever it logs as an error, for a dialog, and for code that a text has run. */
async function open(url: string): Promise<{ page: Page; close: () => Promise<void> }> {
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('pageerror', error => problems.push(String(error)));
  page.on('console', message => message.type() === 'error' && problems.push(message.text()));
  page.on('dialog', dialog => problems.push(dialog.message()));
  await page.goto(url);
  return {
    page,
    close: async () => {
      assert.equal(await page.evaluate('window.hacked'), undefined);
      assert.deepEqual(problems, []);
      await page.close();
    },
  };
}

async function brokerPage(): Promise<void> {
  await sqs('CreateQueue', { QueueName: 'dead' });
  const deadLetterTargetArn = 'arn:aws:sqs:us-east-1:000000000000:dead';
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 });
  const { QueueUrl } = await sqs('CreateQueue', { QueueName: 'work', Attributes: { RedrivePolicy } });
  await sqs('CreateQueue', { QueueName: 'empty' });
  const quiet = RedrivePolicy.replace(':dead"', ':empty"');
  await sqs('CreateQueue', { QueueName: 'quiet', Attributes: { RedrivePolicy: quiet } });
  const MessageAttributes = { hostile: { DataType: 'String', StringValue: HOSTILE } };
  await sqs('SendMessage', { QueueUrl, MessageBody: HOSTILE, MessageAttributes });
  await sqs('SendMessage', {
    QueueUrl: `${broker.endpoint}/000000000000/dead`,
    MessageBody: '{"a":{"b":1}}',
    MessageAttributes: { 'deadletter.reason': { DataType: 'String', StringValue: HOSTILE } },
  });
  await sns({ Action: 'CreateTopic', Name: 'events' });
  await sns({
    Action: 'Subscribe',
    TopicArn: 'arn:aws:sns:us-east-1:000000000000:events',
    Protocol: 'sqs',
    Endpoint: 'arn:aws:sqs:us-east-1:000000000000:work',
    'Attributes.entry.1.key': 'FilterPolicy',
    'Attributes.entry.1.value': '{"type":["<b>wanted</b>"]}',
  });

  const { page, close } = await open(`${broker.endpoint}/`);
  const work = page.locator('tr.queue', { hasText: 'work' }).last();
  await work.waitFor();
  assert.match(
    await page.locator('tr.queue', { hasText: 'dead letters of work' }).innerText(),
    /^dead\s*dead letters of work\s+1/,
  );
  // Red only where there are letters.
  await page.locator('.tag.dead', { hasText: 'dead letters of work' }).waitFor();
  await page.locator('.tag:not(.dead)', { hasText: 'dead letters of quiet' }).waitFor();
  await work.click();
  assert.equal(await page.locator('pre').first().textContent(), HOSTILE);
  assert.ok((await page.locator('.message > div').first().textContent())?.includes(`hostile: ${HOSTILE}`));
  await page.locator('tr.queue', { hasText: 'dead letters of work' }).press('Enter');
  await page.getByText('"b": 1').waitFor();
  assert.equal(await page.locator('.message > p.failed').textContent(), HOSTILE);
  assert.equal(await page.locator('#topics code').textContent(), '{"type":["<b>wanted</b>"]}');
  await page.locator('#calls').getByText('sns.Subscribe').waitFor();

  // Live: what is sent shows without a reload.
  await sqs('SendMessage', { QueueUrl, MessageBody: 'the second' });
  await page.getByText('the second').waitFor();
  await page.setViewportSize({ width: 400, height: 800 });
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 400);
  if (process.env['SCREENSHOT']) await page.screenshot({ path: process.env['SCREENSHOT'], fullPage: true });
  await close();
  assert.equal(broker.inspect.calls()['sqs.ReceiveMessage'], undefined);
  assert.equal(broker.inspect.queues().find(({ name }) => name === 'work')?.visible, 2);
  console.log('the page shows queues, messages, topics and calls, live, and receives nothing');
}

/** A page of another origin that tries all that a page can. */
async function otherOrigins(): Promise<void> {
  const other = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<p>other</p>'),
  );
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`);
  const outcome = await page.evaluate(async endpoint => {
    const body = 'Action=CreateQueue&QueueName=made-by-a-page';
    const tries = [
      fetch(endpoint, { method: 'POST', body: new URLSearchParams(body) }),
      fetch(endpoint, {
        method: 'POST',
        body: '{"QueueName":"x"}',
        headers: { 'x-amz-target': 'AmazonSQS.CreateQueue' },
      }),
      fetch(`${endpoint}/_local/state`),
    ];
    await fetch(endpoint, { method: 'POST', mode: 'no-cors', body: new URLSearchParams(body) }).catch(() => undefined);
    await new Promise(resolve => {
      const image = new Image();
      image.onload = image.onerror = resolve;
      image.src = `${endpoint}/?${body}`;
    });
    return (await Promise.allSettled(tries)).map(({ status }) => status);
  }, broker.endpoint);
  assert.deepEqual(outcome, ['rejected', 'rejected', 'rejected']);
  assert.deepEqual(
    broker.inspect.queues().map(({ name }) => name),
    ['dead', 'work', 'empty', 'quiet'],
  );
  await page.close();
  other.close();
  console.log('a page of another origin can neither call the broker nor read from it');
}

async function mailPage(): Promise<void> {
  const letters = [{ at: Date.now(), to: 'ada@example.com', subject: HOSTILE, text: `Subject: x\n\n${HOSTILE}` }];
  const mails = await startMailPage(letters);
  const { page, close } = await open(`${mails.url}/`);
  assert.equal(await page.locator('h2').first().textContent(), HOSTILE);
  letters.push({ at: Date.now(), to: 'bob@example.com', subject: 'The second', text: 'hello' });
  await page.getByText('The second').waitFor();
  await close();
  await mails.stop();
  console.log('the mails of the samples show as text, live');
}

try {
  await brokerPage();
  await otherOrigins();
  await mailPage();
} finally {
  await browser.close();
  await broker.stop();
}
