import type { AwsError } from '../core/errors.js';
import type { Input } from '../core/input.js';
import type { Output } from '../core/operation.js';
import { numbered, parseQuery, toValue, type Tree } from './query.js';
import { element, metadata } from './xml.js';

/**
 * SQS's older protocol, which SDKs spoke until 2023: flattened lists with singular names, numbers as text, XML back.
 * It is turned into the shapes of the JSON protocol, which the core knows.
 */

/** Lists of texts: `AttributeName.1=All`. */
const TEXT_LISTS: Readonly<Record<string, string>> = {
  AttributeName: 'AttributeNames',
  MessageAttributeName: 'MessageAttributeNames',
  MessageSystemAttributeName: 'MessageSystemAttributeNames',
  TagKey: 'TagKeys',
  AWSAccountId: 'AWSAccountIds',
  ActionName: 'Actions',
};

/** Maps: `Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=30`. TagQueue says `Tags`, CreateQueue `Tag`. */
const MAPS: Readonly<Record<string, string>> = {
  Attribute: 'Attributes',
  MessageAttribute: 'MessageAttributes',
  MessageSystemAttribute: 'MessageSystemAttributes',
  Tag: 'Tags',
  Tags: 'Tags',
};

const NUMBERS: ReadonlySet<string> = new Set([
  'DelaySeconds',
  'MaxNumberOfMessages',
  'MaxNumberOfMessagesPerSecond',
  'MaxResults',
  'VisibilityTimeout',
  'WaitTimeSeconds',
]);

/** SDKs write an empty list or map as an empty text, under the name that the JSON protocol has for it. */
const COLLECTIONS: ReadonlySet<string> = new Set(['Entries', ...Object.values(TEXT_LISTS), ...Object.values(MAPS)]);

const ENTRIES = /^\w+BatchRequestEntry$/;

const text = (node: Tree | string | undefined): string => (typeof node === 'string' ? node : '');

function readMap(tree: Tree): Input {
  const entries = numbered(tree).map(node => {
    const entry: Partial<Tree> = typeof node === 'string' ? {} : node;
    const value = entry['Value'] ?? entry['value'] ?? '';
    return [text(entry['Name'] ?? entry['Key'] ?? entry['key']), toValue(value)] as const;
  });
  return Object.fromEntries(entries);
}

function readMembers(tree: Tree): Input {
  const input: Input = {};
  for (const [key, node] of Object.entries(tree)) {
    if (node === '' && COLLECTIONS.has(key)) continue;
    if (key in TEXT_LISTS) input[TEXT_LISTS[key] ?? key] = numbered(node).map(text);
    else if (typeof node === 'string') input[key] = NUMBERS.has(key) && /^-?\d+$/.test(node) ? Number(node) : node;
    else if (key in MAPS) input[MAPS[key] ?? key] = readMap(node);
    else if (ENTRIES.test(key)) {
      input['Entries'] = numbered(node).map(entry => (typeof entry === 'string' ? {} : readMembers(entry)));
    } else input[key] = toValue(node);
  }
  return input;
}

/** @param path of the request: clients that post to a queue's URL name it nowhere else */
export function readSqsQuery(path: string, body: string): { action: string; input: Input } {
  const { Action, ...rest } = parseQuery(body);
  const input = readMembers(rest);
  if (input['QueueUrl'] === undefined && /^\/\d{12}\/./.test(path)) input['QueueUrl'] = path;
  return { action: text(Action), input };
}

type Fields = Record<string, unknown>;

const fields = (value: unknown): Array<[string, unknown]> => Object.entries((value ?? {}) as Fields);

const named = (tag: string, map: unknown, key = 'Name'): string =>
  fields(map)
    .map(([name, value]) => `<${tag}>${element(key, name)}${element('Value', value)}</${tag}>`)
    .join('');

function message({ Attributes, MessageAttributes, ...rest }: Fields): string {
  const plain = fields(rest).map(([name, value]) => element(name, value));
  return `<Message>${plain.join('')}${named('Attribute', Attributes)}${named('MessageAttribute', MessageAttributes)}</Message>`;
}

const repeated = (tag: string, list: unknown): string => (list as unknown[]).map(item => element(tag, item)).join('');

/** How each member of a JSON answer is written in XML; the others are plain elements. */
function member(action: string, name: string, value: unknown): string {
  switch (name) {
    case 'Messages':
      return (value as Fields[]).map(message).join('');
    case 'Attributes':
      return named('Attribute', value);
    case 'Tags':
      return named('Tag', value, 'Key');
    case 'QueueUrls':
    case 'queueUrls':
      return repeated('QueueUrl', value);
    case 'Successful':
      return repeated(`${action}ResultEntry`, value);
    case 'Failed':
      return repeated('BatchResultErrorEntry', value);
    case 'Results':
      return repeated('ListMessageMoveTasksResultEntry', value);
    default:
      return element(name, value);
  }
}

const NAMESPACE = 'http://queue.amazonaws.com/doc/2012-11-05/';

/** The others have a result even where it is empty: SDKs look for it. */
const WITHOUT_RESULT: ReadonlySet<string> = new Set([
  'AddPermission',
  'ChangeMessageVisibility',
  'DeleteMessage',
  'DeleteQueue',
  'PurgeQueue',
  'RemovePermission',
  'SetQueueAttributes',
  'TagQueue',
  'UntagQueue',
]);

export function sqsXmlResult(action: string, output: Output, requestId: string): string {
  const result = Object.entries(output).map(([name, value]) => member(action, name, value));
  const body = WITHOUT_RESULT.has(action) ? '' : `<${action}Result>${result.join('')}</${action}Result>`;
  return `<?xml version="1.0"?>\n<${action}Response xmlns="${NAMESPACE}">${body}${metadata(requestId)}</${action}Response>`;
}

export function sqsXmlError(error: AwsError, requestId: string): string {
  const type = error.senderFault ? 'Sender' : 'Receiver';
  const detail = element('Type', type) + element('Code', error.queryCode) + element('Message', error.queryMessage);
  return `<?xml version="1.0"?>\n<ErrorResponse xmlns="${NAMESPACE}"><Error>${detail}<Detail/></Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
}
