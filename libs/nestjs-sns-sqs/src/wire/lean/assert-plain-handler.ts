import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { agentsOf, isNodesAgent, nodeHandlerConfig, timeoutProblems } from '../request-handlers.js';

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
 * Rejects with INVALID_OPTIONS when the handler of a client that the user made does what the lean wire does not: connects
 * by a proxy, or with settings of TLS, or gives up after a time of the user's. The SDK tells the handler's configuration at the first call only.
 */
export async function assertPlainHandler(handler: object): Promise<void> {
  const config = await nodeHandlerConfig(handler);
  const agents = await agentsOf(config);
  const lost = [...(agents.every(isPlain) ? [] : ['agent']), ...timeoutProblems(config)];
  if (lost.length === 0) return;
  throw new SnsSqsError('INVALID_OPTIONS', {
    problem: `The ${lost.join(', ')} of the client's request handler would be lost by \`wire: 'lean'\``,
    remedy: "leave it out, or take 'sdk'",
    facts: { lost },
  });
}

function isPlain(agent: object): boolean {
  const { options = {} } = agent as { options?: object };
  return isNodesAgent(agent) && Object.entries(options).every(([name, value]) => value == null || HARMLESS.has(name));
}
