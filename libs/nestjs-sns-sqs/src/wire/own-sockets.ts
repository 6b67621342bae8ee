import { SQSClient } from '@aws-sdk/client-sqs';
import { withRequestHandler, type RequestHandler } from './client-view.js';

/** What the SDK's handler for Node is made of. */
export interface HandlerOptions {
  connectionTimeout: number;
  socketTimeout: number;
  httpAgent?: object;
  httpsAgent?: object;
}

type NodeHandlerClass = new (options: HandlerOptions) => RequestHandler;

/**
 * True for the SDK's own handler for Node whose agents are the SDK's own too, as far as can be seen: an agent for
 * plain HTTP alone shows only with the first request. By its fields, because a bundler changes names.
 */
export function isPlainHandler(handler: RequestHandler | undefined): boolean {
  const { metadata, externalAgent } = (handler ?? {}) as {
    metadata?: { handlerProtocol?: string };
    externalAgent?: boolean;
  };
  return metadata?.handlerProtocol === 'http/1.1' && externalAgent === false;
}

/**
 * The client with sockets of its own: the same middleware, credentials and retries, over a request handler made from
 * `options`. A client whose send(), handler or agent the user made is given back: only the user knows what it does.
 */
export function withOwnSockets(client: SQSClient, options: HandlerOptions): SQSClient {
  const handler = (client as Partial<SQSClient>).config?.requestHandler;
  if (client.send !== SQSClient.prototype.send || !handler || !isPlainHandler(handler)) return client;
  return withRequestHandler(client, new (handler.constructor as NodeHandlerClass)(options));
}
