import { AwsError, invalidAttributeValue, invalidParameterValue, unknownAttribute } from '../errors.js';
import { isRecord } from '../input.js';
import { parsePolicy } from '../policy/policy.js';

export interface RedrivePolicy {
  deadLetterTargetArn: string;
  maxReceiveCount: number;
}

export interface RedriveAllowPolicy {
  redrivePermission: 'allowAll' | 'denyAll' | 'byQueue';
  sourceQueueArns: string[];
}

const RANGES: Readonly<Record<string, readonly [min: number, max: number, initial: number]>> = {
  VisibilityTimeout: [0, 43_200, 30],
  DelaySeconds: [0, 900, 0],
  MessageRetentionPeriod: [60, 1_209_600, 345_600],
  MaximumMessageSize: [1024, 1_048_576, 1_048_576],
  ReceiveMessageWaitTimeSeconds: [0, 20, 0],
};

const FIFO_CHOICES: Readonly<Record<string, readonly string[]>> = {
  ContentBasedDeduplication: ['false', 'true'],
  DeduplicationScope: ['queue', 'messageGroup'],
  FifoThroughputLimit: ['perQueue', 'perMessageGroupId'],
};

const READ_ONLY: ReadonlySet<string> = new Set([
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesDelayed',
  'ApproximateNumberOfMessagesNotVisible',
  'CreatedTimestamp',
  'LastModifiedTimestamp',
  'QueueArn',
]);

export const READABLE_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...READ_ONLY,
  ...Object.keys(RANGES),
  ...Object.keys(FIFO_CHOICES),
  'All',
  'FifoQueue',
  'KmsDataKeyReusePeriodSeconds',
  'KmsMasterKeyId',
  'Policy',
  'RedriveAllowPolicy',
  'RedrivePolicy',
  'SqsManagedSseEnabled',
]);

export function initialAttributes(fifo: boolean): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [name, [, , initial]] of Object.entries(RANGES)) attributes.set(name, String(initial));
  attributes.set('SqsManagedSseEnabled', 'true');
  if (fifo) {
    attributes.set('FifoQueue', 'true');
    for (const [name, [initial]] of Object.entries(FIFO_CHOICES)) attributes.set(name, initial);
  }
  return attributes;
}

const BOOLEANS: ReadonlySet<string> = new Set(['ContentBasedDeduplication', 'FifoQueue', 'SqsManagedSseEnabled']);

/** `True` and `False` are taken, and shown in lower case (recorded). */
export const lowerBoolean = (value: string): string => (/^(true|false)$/i.test(value) ? value.toLowerCase() : value);

/** SQS shows `maxReceiveCount` as a number, however it was written (recorded). */
function shownRedrivePolicy(value: string): string {
  const policy = parseJsonObject('RedrivePolicy', value);
  if (typeof policy.maxReceiveCount !== 'string') return value;
  return JSON.stringify({ ...policy, maxReceiveCount: parseRedrivePolicy(value).maxReceiveCount });
}

/** Attributes as the queue keeps and shows them. Throws for a RedrivePolicy that is none. */
export function settled(attributes: ReadonlyMap<string, string>): Map<string, string> {
  const result = new Map<string, string>();
  for (const [name, value] of attributes) {
    if (BOOLEANS.has(name)) result.set(name, lowerBoolean(value));
    else result.set(name, name === 'RedrivePolicy' && value !== '' ? shownRedrivePolicy(value) : value);
  }
  return result;
}

function parseJsonObject(name: string, value: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(value);
    if (isRecord(parsed)) return parsed;
  } catch {
    // answered below
  }
  throw invalidAttributeValue(name);
}

const redriveProblem = (value: string, reason: string): Error =>
  invalidParameterValue(`Value ${value} for parameter RedrivePolicy is invalid. Reason: ${reason}`);

export function parseRedrivePolicy(value: string): RedrivePolicy {
  const { deadLetterTargetArn, maxReceiveCount } = parseJsonObject('RedrivePolicy', value);
  if (typeof deadLetterTargetArn !== 'string' || maxReceiveCount === undefined) {
    throw redriveProblem(
      value,
      'Redrive policy does not contain mandatory attribute: deadLetterTargetArn, maxReceiveCount.',
    );
  }
  const count = typeof maxReceiveCount === 'string' ? Number(maxReceiveCount) : maxReceiveCount;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > 1000) {
    throw redriveProblem(value, 'Invalid value for maxReceiveCount: must be between 1 and 1000.');
  }
  if (!/^arn:aws[\w-]*:sqs:[\w-]+:\d{12}:[A-Za-z0-9_-]{1,80}(\.fifo)?$/.test(deadLetterTargetArn)) {
    throw redriveProblem(value, 'Invalid value for deadLetterTargetArn.');
  }
  return { deadLetterTargetArn, maxReceiveCount: count };
}

export function parseRedriveAllowPolicy(value: string): RedriveAllowPolicy {
  const parsed = parseJsonObject('RedriveAllowPolicy', value);
  const permission = parsed.redrivePermission;
  const sourceQueueArns: unknown = parsed.sourceQueueArns ?? [];
  if (permission !== 'allowAll' && permission !== 'denyAll' && permission !== 'byQueue') {
    throw invalidAttributeValue('RedriveAllowPolicy');
  }
  if (!Array.isArray(sourceQueueArns) || !sourceQueueArns.every(arn => typeof arn === 'string')) {
    throw invalidAttributeValue('RedriveAllowPolicy');
  }
  const byQueue = permission === 'byQueue';
  if (byQueue ? sourceQueueArns.length < 1 || sourceQueueArns.length > 10 : sourceQueueArns.length > 0) {
    throw invalidAttributeValue('RedriveAllowPolicy', 'byQueue takes 1 to 10 sourceQueueArns, the others none.');
  }
  return { redrivePermission: permission, sourceQueueArns };
}

/** Quotas: quotas-policies. */
function checkPolicy(value: string): void {
  const statements = parsePolicy(value);
  if (!statements || Buffer.byteLength(value) > 8192 || statements.length > 20) throw invalidAttributeValue('Policy');
}

function checkOne(name: string, value: string): void {
  const range = RANGES[name];
  if (range) {
    const number = /^\d{1,10}$/.test(value) ? Number(value) : -1;
    if (number < range[0] || number > range[1]) throw invalidAttributeValue(name);
  } else if (FIFO_CHOICES[name]) {
    if (!FIFO_CHOICES[name].includes(value)) throw invalidAttributeValue(name);
  } else if (name === 'FifoQueue' || name === 'SqsManagedSseEnabled') {
    if (value !== 'true' && value !== 'false') throw invalidAttributeValue(name);
  } else if (name === 'KmsDataKeyReusePeriodSeconds') {
    if (!/^\d{2,5}$/.test(value) || Number(value) < 60 || Number(value) > 86_400) throw invalidAttributeValue(name);
  } else if (value !== '') {
    if (name === 'RedrivePolicy') parseRedrivePolicy(value);
    if (name === 'RedriveAllowPolicy') parseRedriveAllowPolicy(value);
    if (name === 'Policy') checkPolicy(value);
  }
}

/** Refuses names and values that AWS refuses. An empty RedrivePolicy, RedriveAllowPolicy or Policy removes it. */
export function checkAttributes(wanted: ReadonlyMap<string, string>, fifo: boolean): void {
  for (const [name, value] of wanted) {
    const known = READABLE_ATTRIBUTES.has(name) && !READ_ONLY.has(name) && name !== 'All';
    const fifoOnly = name === 'FifoQueue' || FIFO_CHOICES[name] !== undefined;
    if (!known || (fifoOnly && !fifo)) throw unknownAttribute(name);
    checkOne(name, value);
  }
}

/** Rules between attributes, once all are in place. */
export function checkTogether(attributes: ReadonlyMap<string, string>): void {
  if (
    attributes.get('FifoThroughputLimit') === 'perMessageGroupId' &&
    attributes.get('DeduplicationScope') !== 'messageGroup'
  ) {
    throw invalidAttributeValue(
      'FifoThroughputLimit',
      'perMessageGroupId is allowed only when the value for DeduplicationScope is messageGroup.',
    );
  }
}

/** One kind of server-side encryption at a time: a key turns SSE-SQS off, unless both are asked for. */
export function settleEncryption(attributes: Map<string, string>, wanted: ReadonlyMap<string, string>): void {
  if (!attributes.has('KmsMasterKeyId')) return;
  if (wanted.get('SqsManagedSseEnabled') === 'true') {
    throw new AwsError(
      'InvalidAttributeName',
      'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
    );
  }
  attributes.set('SqsManagedSseEnabled', 'false');
}

/** Whether an existing value is what a repeated CreateQueue asks for. */
export function sameValue(name: string, wanted: string, existing: string | undefined): boolean {
  if (wanted === (existing ?? '')) return true;
  if (existing === undefined || !['Policy', 'RedrivePolicy', 'RedriveAllowPolicy'].includes(name)) return false;
  if (name === 'RedrivePolicy') {
    const a = parseRedrivePolicy(wanted);
    const b = parseRedrivePolicy(existing);
    return a.deadLetterTargetArn === b.deadLetterTargetArn && a.maxReceiveCount === b.maxReceiveCount;
  }
  return canonical(JSON.parse(wanted)) === canonical(JSON.parse(existing));
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  return `{${Object.keys(value)
    .sort()
    .map(key => `${JSON.stringify(key)}:${canonical(value[key])}`)
    .join(',')}}`;
}
