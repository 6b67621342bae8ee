import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsClientOptions } from '../interfaces/options.interface.js';
import type { RequestHandler } from './client-view.js';
import { READER_CONFIG } from './lean/sdk-reader.js';
import { UndiciHandler, type UndiciHandlerOptions } from './undici-handler.js';

type Client = SQSClient | SNSClient;

/** Makes a request handler with sockets of its own. */
export type MakeHandler = (options: UndiciHandlerOptions) => RequestHandler;

/** The SDK's handler for Node, whose configuration is there after its construction only. */
interface NodeHandler {
  configProvider?: Promise<NodeHandlerConfig>;
}

export interface NodeHandlerConfig {
  httpsAgent?: object;
  httpAgent?: object;
  httpAgentProvider?: () => Promise<object>;
  connectionTimeout?: number;
  requestTimeout?: number;
  socketTimeout?: number;
  throwOnRequestTimeout?: boolean;
}

const quick: MakeHandler = options => new UndiciHandler(options);

/** For a client that is made here, where its calls need no sockets of their own: undefined where the user says how they go. */
export const quickUnlessGiven = ({ requestHandler }: AwsClientOptions = {}): MakeHandler | undefined =>
  requestHandler === undefined || requestHandler === null ? quick : undefined;

/**
 * For a client that is made here, of the user's `requestHandler`. Settings, or a function that gives them, make a handler
 * of the SDK's for each purpose: agents that stand in them are shared, and without one each has its own sockets.
 * Undefined: it is a handler of the user's, which takes every call.
 */
export function handlersOf(given: AwsClientOptions['requestHandler']): MakeHandler | undefined {
  // As the SDK does: null is nothing.
  if (given === undefined || given === null) return quick;
  if (typeof (given as { handle?: unknown }).handle === 'function') return undefined;
  return () => new SQSClient({ ...READER_CONFIG, requestHandler: given }).config.requestHandler;
}

const isUsers = (agent: unknown): boolean =>
  typeof (agent as { destroy?: unknown } | undefined)?.destroy === 'function';

/**
 * Whether connections of a client that is made here are its own, so that they end with it. A handler or an agent of the
 * user's may carry calls of others, and stays open; so does whatever a function gives.
 */
export function ownsConnections({ requestHandler }: AwsClientOptions = {}): boolean {
  if (requestHandler === undefined || requestHandler === null) return true;
  if (typeof requestHandler === 'function') return false;
  const { handle, httpAgent, httpsAgent } = requestHandler as Record<string, unknown>;
  return typeof handle !== 'function' && !isUsers(httpAgent) && !isUsers(httpsAgent);
}

/**
 * For a client that the user made. Undefined: its send(), its handler, its agents or its timeouts are the user's, so that
 * every call goes as it says. Never rejects: what is wrong with a client's settings its calls tell.
 */
export async function handlersBeside(client: SQSClient): Promise<MakeHandler | undefined> {
  if (client.send !== SQSClient.prototype.send || !hasSdkHandler(client, new SQSClient(READER_CONFIG))) {
    return undefined;
  }
  try {
    const config = await nodeHandlerConfig(client.config.requestHandler);
    const isTouched = timeoutProblems(config).length > 0 || !(await agentsOf(config)).every(isUntouchedAgent);
    return isTouched ? undefined : quick;
  } catch {
    return undefined;
  }
}

/** False for a handler of another class than the SDK's own. @param untouched a client of the same SDK, made here */
export function hasSdkHandler({ config }: Partial<Client>, untouched: Client): boolean {
  const handler: unknown = config?.requestHandler;
  if (typeof handler !== 'object' || handler === null || Object.hasOwn(handler, 'handle')) return false;
  return Object.getPrototypeOf(handler) === Object.getPrototypeOf(untouched.config.requestHandler);
}

/** Its settings; rejects where a function of the user's gives none. */
export const nodeHandlerConfig = async (handler: object): Promise<NodeHandlerConfig> =>
  (await (handler as NodeHandler).configProvider) ?? {};

/** The agents of a handler, as far as it has any yet. */
export async function agentsOf(config: NodeHandlerConfig): Promise<object[]> {
  const agents = [config.httpsAgent, config.httpAgent ?? (await config.httpAgentProvider?.())];
  return agents.filter(agent => agent !== undefined);
}

/** In milliseconds, by the SDK's `defaultsMode`. */
const SDK_CONNECTION_TIMEOUTS: readonly unknown[] = [undefined, 3_100, 1_100, 30_000];

/** Timeouts that the user has set, by name. */
export function timeoutProblems(config: NodeHandlerConfig): string[] {
  const own = (['requestTimeout', 'socketTimeout', 'throwOnRequestTimeout'] as const).filter(name => config[name]);
  return SDK_CONNECTION_TIMEOUTS.includes(config.connectionTimeout) ? own : [...own, 'connectionTimeout'];
}

/** True for an agent of Node's own class, with none of its methods replaced. */
export const isNodesAgent = (agent: object): boolean =>
  [HttpAgent, HttpsAgent].some(({ prototype }) => Object.getPrototypeOf(agent) === prototype) &&
  !Object.values(agent).some(own => typeof own === 'function');

/** As the SDK makes it where nobody has given one. */
const SDK_AGENT: Readonly<Record<string, unknown>> = { keepAlive: true, maxSockets: 50 };
/** What Node itself adds. */
const BY_NODE: ReadonlySet<string> = new Set(['noDelay', 'path', 'scheduling', 'defaultPort', 'protocol']);

function isUntouchedAgent(agent: object): boolean {
  if (!isNodesAgent(agent)) return false;
  const { options = {} } = agent as { options?: object };
  return Object.entries(options).every(
    ([name, value]) => value === undefined || value === null || BY_NODE.has(name) || SDK_AGENT[name] === value,
  );
}
