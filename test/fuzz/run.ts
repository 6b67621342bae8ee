// Hostile bodies against the envelope: whatever comes, it is an event or an SnsSqsError with a reason, in bounded time,
// and no prototype has changed. --runs: how many; --seed: to replay.
import { parseArgs } from 'node:util';
import * as fc from 'fast-check';
import { decodeBody } from '#lib/envelope/decode.js';
import { REPLY_ATTRIBUTES, replyAddressOf, replyRoute } from '#lib/envelope/reply.js';
import { eventKey, ownKey, subjectKey } from '#lib/inbox/inbox-key.js';
import { canonicalSequence } from '#lib/inbox/sequence-guard.js';
import { SnsSqsError } from '#lib/errors/sns-sqs.error.js';
import { deadLetterOf } from '#lib/server/settle/dead-letter.js';
import { Delivery } from '#lib/server/delivery.js';
import type { EventMetadata } from '#lib/interfaces/envelope.interface.js';
import type { MessageAttributes } from '#lib/interfaces/wire.interface.js';
import { messageBytes } from '#lib/envelope/message-size.js';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '100000' }, seed: { type: 'string' } } });
const runs = Number(values.runs);
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const MAX_BYTES = 1_048_576;
/** Of CPU: a busy machine proves nothing. */
const MAX_MS = 250;
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
/** What SQS lets into an attribute, without what ends a line or controls a terminal. */
const ALLOWED = /^[\u0020-\u007E\u00A0-\u2027\u202A-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;

const good = {
  specversion: '1.0',
  id: '1',
  source: 'users',
  type: 'user.registered',
  time: '2026-01-01T00:00:00Z',
  subject: 'u',
  sequence: '1',
  data: { n: 1 },
};
const keys = [
  ...Object.keys(good),
  '__proto__',
  'constructor',
  'prototype',
  'data_base64',
  'traceparent',
  'nestmetadata',
  'correlationid',
  'Type',
  'Message',
  'TopicArn',
];

const text = fc.string({ unit: 'binary', maxLength: 40 });
const value = fc.oneof(
  fc.anything({ withBigInt: false }),
  text,
  fc.constantFrom(null, '', 0, -1, 2 ** 53, '9'.repeat(400), [], {}, '\u0000', '\uD800', '__proto__'),
);
const document = fc.array(fc.tuple(fc.constantFrom(...keys), value), { maxLength: 6 }).map(changes => {
  const body = Object.entries({ ...good }).filter(([key]) => !changes.some(([name]) => name === key));
  const parts = [...body, ...changes].map(([key, each]) => `${JSON.stringify(key)}:${JSON.stringify(each) ?? 'null'}`);
  return `{${parts.join(',')}}`;
});
const deep = fc
  .tuple(fc.constantFrom('[', '{"a":', '[[{"__proto__":'), fc.integer({ min: 1, max: 50_000 }), fc.boolean())
  .map(([open, depth, wrapped]) =>
    wrapped ? `{"specversion":"1.0","id":"1","source":"s","type":"t","data":${open.repeat(depth)}` : open.repeat(depth),
  );
const mutated = fc
  .tuple(document, fc.array(fc.tuple(fc.nat(400), text), { maxLength: 4 }))
  .map(([body, edits]) =>
    edits.reduce(
      (now, [at, insert]) => now.slice(0, at % (now.length + 1)) + insert + now.slice((at % (now.length + 1)) + 1),
      body,
    ),
  );
const plain = fc.oneof(document, mutated, deep, fc.json(), text, fc.string({ unit: 'binary', maxLength: 3_000 }));
const body = fc.oneof(
  plain,
  plain.map(message => JSON.stringify({ Type: 'Notification', TopicArn: 'arn', Message: message })),
);
const attributes = fc.dictionary(
  fc.string({ unit: fc.constantFrom(...'abcXYZ019_-.'.split('')), minLength: 1, maxLength: 20 }),
  text.filter(each => each !== ''),
  { maxKeys: 10 },
);

const replyTo = fc
  .tuple(
    fc.constantFrom(
      'https://sqs.eu-west-1.amazonaws.com',
      'https://evil.example',
      '//',
      '',
      'https://user@evil.example:1',
    ),
    fc.oneof(fc.constantFrom('000000000000', '../x', ''), text),
    fc.oneof(
      fc.constantFrom(
        'a-replies-1',
        'orders-async-commands.fifo',
        'a-replies-1?x=1',
        'a-replies-1#',
        '..%2fb-replies-1',
      ),
      text,
    ),
  )
  .map(parts => parts.join('/'));

const prototype = JSON.stringify(Object.getOwnPropertyNames(Object.prototype).toSorted());
const counts = { events: 0, refused: 0, replies: 0 };
let slowest = 0;

function check(input: string, own: Record<string, string>, replyTo: string, expiresAt: string): void {
  const startedAt = cpuMs();
  let refusal: SnsSqsError | undefined;
  try {
    const { metadata } = decodeBody(input);
    counts.events += 1;
    if (typeof metadata.type !== 'string' || metadata.type === '') throw new Error('an event without a type');
    checkPlace(metadata);
  } catch (error) {
    if (!(error instanceof SnsSqsError) || error.code !== 'UNPARSABLE_MESSAGE') throw error;
    counts.refused += 1;
    refusal = error;
  }
  checkReply(replyTo, expiresAt);
  if (refusal) checkLetter(input, own, refusal);
  slowest = Math.max(slowest, cpuMs() - startedAt);
  if (slowest > MAX_MS) throw new Error(`took ${slowest} ms`);
  if (JSON.stringify(Object.getOwnPropertyNames(Object.prototype).toSorted()) !== prototype)
    throw new Error('Object.prototype has changed');
}

/** What a Redis key may hold: nothing that ends it, tags it or is a pattern. */
const KEY = /^[\w.:/@+=~#-]{1,100}$/;

/** What the inbox makes of an event: keys of a store, and a place in an order. */
function checkPlace(metadata: EventMetadata): void {
  const { id, source, subject = '', sequence } = metadata;
  for (const key of [eventKey(metadata), ownKey(id), subjectKey({ source, subject })])
    if (!KEY.test(key)) throw new Error(`a key that is none: ${key}`);
  const place = canonicalSequence(sequence);
  if (place !== undefined && (!/^\d{1,40}$/.test(place) || BigInt(place) !== BigInt(sequence ?? '')))
    throw new Error(`a sequence that is none: ${place}`);
}

const OWN_QUEUE = 'https://sqs.eu-west-1.amazonaws.com/000000000000/sums-async-commands.fifo';
const REPLIES = /^https:\/\/sqs\.eu-west-1\.amazonaws\.com\/\d{1,12}\/[\w-]+-replies-[\w-]*$/;

/** Where a request wants its answer sent: beside the service's own queue, and to a reply queue, or nowhere. */
function checkReply(queueUrl: string, expiresAt: string): void {
  const attributes = {
    [REPLY_ATTRIBUTES.queueUrl]: queueUrl,
    [REPLY_ATTRIBUTES.correlationId]: 'c',
    [REPLY_ATTRIBUTES.expiresAt]: expiresAt,
  };
  const MessageAttributes = Object.fromEntries(
    Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );
  const address = replyAddressOf({ MessageAttributes });
  const route = address && replyRoute(OWN_QUEUE, address.queueUrl);
  const url = route && 'queueUrl' in route ? route.queueUrl : undefined;
  if (url !== undefined && !REPLIES.test(url)) throw new Error(`an answer would go to ${url}`);
  counts.replies += url === undefined ? 0 : 1;
}

/** What goes to the dead letter queue is what AWS takes there. */
function checkLetter(input: string, own: Record<string, string>, refusal: SnsSqsError): void {
  const MessageAttributes: MessageAttributes = Object.fromEntries(
    Object.entries(own).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );
  const delivery = new Delivery({ MessageId: 'm', ReceiptHandle: 'r', Body: input, MessageAttributes }, 0, 0);
  const letter = deadLetterOf(delivery, { name: 'q', fifo: false }, 1, refusal, new Date(0));
  if (Object.keys(letter.attributes).length > 10) throw new Error('more attributes than AWS takes');
  if (messageBytes(input, MessageAttributes) <= MAX_BYTES && messageBytes(letter.body, letter.attributes) > MAX_BYTES)
    throw new Error('larger than AWS takes');
  for (const [name, { StringValue }] of Object.entries(letter.attributes)) {
    if (!(name in own) && !ALLOWED.test(StringValue ?? '')) throw new Error(`characters that AWS refuses in ${name}`);
  }
}

const startedAt = Date.now();
const report = fc.check(fc.property(body, attributes, replyTo, text, check), { numRuns: runs, seed });
if (report.failed) {
  console.error(JSON.stringify(report.counterexample).slice(0, 2_000));
  console.error(report.errorInstance instanceof Error ? report.errorInstance.stack : report.errorInstance);
  console.error(`\nreplay: npm run test:fuzz -- --seed=${report.seed} --runs=${report.numRuns}`);
}
console.log(
  `${report.numRuns} bodies in ${((Date.now() - startedAt) / 1000).toFixed(1)} s (seed ${seed}): ${counts.events} events, ${counts.refused} refused, ${counts.replies} reply queues, slowest ${slowest.toFixed(1)} ms, ${report.failed ? 1 : 0} violations`,
);
process.exit(report.failed ? 1 : 0);
