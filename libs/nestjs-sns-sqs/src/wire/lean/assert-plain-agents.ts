import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';

/** The SDK's handler for Node, whose configuration is there after the construction only. */
interface LateHandler {
  configProvider?: Promise<{
    httpsAgent?: object;
    httpAgent?: object;
    httpAgentProvider?: () => Promise<object>;
  }>;
}

/** What the SDK's own agents are told, and what changes nothing about where and as whom they connect. */
const HARMLESS: ReadonlySet<string> = new Set([
  'keepAlive',
  'keepAliveMsecs',
  'maxSockets',
  'maxFreeSockets',
  'maxTotalSockets',
  'scheduling',
  'timeout',
  'noDelay',
  'defaultPort',
  'protocol',
]);

/**
 * Rejects with INVALID_OPTIONS when a handler's agent does what the lean wire does not: connects by a proxy, or with
 * settings of TLS. It can be told at the first call only.
 */
export async function assertPlainAgents(handler: object): Promise<void> {
  const config = await (handler as LateHandler).configProvider;
  const agents = [config?.httpsAgent, config?.httpAgent ?? (await config?.httpAgentProvider?.())];
  if (agents.every(agent => agent === undefined || isPlain(agent))) return;
  throw new SnsSqsError('INVALID_OPTIONS', {
    problem: "The agent of the client's request handler would be lost by `wire: 'lean'`",
    remedy: "leave it out, or take 'sdk'",
  });
}

function isPlain(agent: object): boolean {
  const { options = {} } = agent as { options?: object };
  const isNodes = [HttpAgent, HttpsAgent].some(({ prototype }) => Object.getPrototypeOf(agent) === prototype);
  return isNodes && Object.entries(options).every(([name, value]) => value == null || HARMLESS.has(name));
}
