import { SQSClient } from '@aws-sdk/client-sqs';
import { withRequestHandler } from './client-view.js';
import { UndiciHandler, type UndiciHandlerOptions } from './undici-handler.js';

interface NodeHandler {
  metadata?: { handlerProtocol?: string };
  /** Of newer SDKs: true once there is an agent that the user made. */
  externalAgent?: boolean;
}

/** True for the SDK's own handler for Node. By its fields: a bundler changes names. */
const isNodeHandler = ({ metadata }: NodeHandler): boolean => metadata?.handlerProtocol === 'http/1.1';

/** False for a handler that the user wrote, or that has an agent which the user made, as far as can be seen at once. */
export const mayBePlain = (handler: object): boolean =>
  isNodeHandler(handler) && (handler as NodeHandler).externalAgent !== true;

/**
 * The client with sockets of its own: the same middleware, credentials and retries, over a handler of undici. A
 * client whose send(), handler or agent the user made is given back: only the user knows what it does.
 * @param isOurs its handler was made here
 */
export function withOwnSockets(client: SQSClient, options: UndiciHandlerOptions, isOurs: boolean): SQSClient {
  const handler = (client as Partial<SQSClient>).config?.requestHandler;
  if (client.send !== SQSClient.prototype.send || !handler || !isNodeHandler(handler)) return client;
  if (!isOurs && (handler as NodeHandler).externalAgent !== false) return client;
  return withRequestHandler(client, new UndiciHandler(options));
}
