import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsAccessOptions } from '../../interfaces/options.interface.js';
import { hasSdkHandler } from '../request-handlers.js';
import { READER_CONFIG } from './sdk-reader.js';

type Client = SQSClient | SNSClient;

/** Settings of an SDK client that act in layers which the lean wire does not have. */
const NOT_HONOURED = [
  'requestHandler',
  'logger',
  'extensions',
  'signer',
  'signerConstructor',
  'httpAuthSchemes',
  'httpAuthSchemeProvider',
  'protocol',
] as const;

/** What of the user's settings `wire: 'lean'` would lose in silence, each as a sentence. */
export function leanProblems(
  options: AwsAccessOptions & { sqs?: unknown; sns?: unknown },
  uses: 'sqs' | 'sns',
): string[] {
  if (options.wire !== 'lean') return [];
  const lost = options[uses] === undefined ? settingProblems(options.aws) : clientProblems(options[uses], uses);
  return lost.map(problem => `${problem} would be lost by \`wire: 'lean'\`: leave it out, or take 'sdk'`);
}

const settingProblems = (aws: object = {}): string[] =>
  NOT_HONOURED.filter(name => (aws as Record<string, unknown>)[name] !== undefined).map(name => `\`aws.${name}\``);

function clientProblems(client: unknown, name: string): string[] {
  if (!isSdkClient(client)) return [`what \`${name}\` does, which is no client of the AWS SDK v3,`];
  const changed = changedMiddleware(client);
  return [
    ...(changed.length > 0 ? [`the middleware of \`${name}\` (${changed.join('; ')})`] : []),
    ...(ownsSend(client) ? [`send() of \`${name}\`, which is not the SDK's,`] : []),
    ...(hasPlainHandler(client) ? [] : [`the request handler or agent of \`${name}\``]),
    ...(client.config.logger.constructor.name === 'NoOpLogger' ? [] : [`the logger of \`${name}\``]),
  ];
}

function isSdkClient(client: unknown): client is Client {
  const { middlewareStack, config } = (client ?? {}) as Partial<Client>;
  return typeof middlewareStack?.identify === 'function' && typeof config?.retryStrategy === 'function';
}

/** As far as can be seen at once: its agents and timeouts are there with the first call only. */
const hasPlainHandler = (client: Client): boolean =>
  hasSdkHandler(client, untouched(client)) && (client.config.requestHandler as WithAgent).externalAgent !== true;

/** Of newer SDKs: true once there is an agent that the user made. */
interface WithAgent {
  externalAgent?: boolean;
}

const ownsSend = (client: Client): boolean =>
  Object.hasOwn(client, 'send') || Object.hasOwn(Object.getPrototypeOf(client) as object, 'send');

/** What a client's stack has beyond, or lacks of, that of a client which nobody has touched. */
function changedMiddleware(client: Client): string[] {
  const usual = untouched(client).middlewareStack.identify();
  const here = client.middlewareStack.identify();
  return [
    ...here.filter(name => !usual.includes(name)),
    ...usual.filter(name => !here.includes(name)).map(name => `without ${name}`),
  ];
}

/** A client may be of another copy of the SDK, whose stack is another. */
function untouched(client: Client): Client {
  if (client instanceof SQSClient) return new SQSClient(READER_CONFIG);
  if (client instanceof SNSClient) return new SNSClient(READER_CONFIG);
  return new ((client as object).constructor as typeof SQSClient)(READER_CONFIG);
}
