import type { SQSClient } from '@aws-sdk/client-sqs';
import { withRequestHandler } from './client-view.js';
import { CALL_CONNECTIONS } from './connections.js';
import { SILENCE_MS } from './http-bounds.js';
import type { MakeHandler } from './request-handlers.js';

/** One client for each kind of the hot calls to SQS, so that none waits for sockets of another. */
export interface SqsClients {
  /** Long polls: each holds a socket for up to 20 s, so there are as many as polls. */
  polling: SQSClient;
  settling: SQSClient;
  sending: SQSClient;
}

/**
 * The same client, middleware, credentials and retries, with sockets of its own for each kind.
 * @param make undefined: the client itself for all of them, since only the user knows what its handler does
 * @param view of the client with another handler
 */
export function withOwnSockets(
  client: SQSClient,
  make: MakeHandler | undefined,
  silenceMs: typeof SILENCE_MS = SILENCE_MS,
  view: typeof withRequestHandler = withRequestHandler,
): SqsClients {
  if (!make) return { polling: client, settling: client, sending: client };
  const forCalls = (): SQSClient => view(client, make({ socketTimeout: silenceMs.call, maxSockets: CALL_CONNECTIONS }));
  const polling = view(client, make({ socketTimeout: silenceMs.longPoll }));
  return { polling, settling: forCalls(), sending: forCalls() };
}
