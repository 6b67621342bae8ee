import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';

type Client = SQSClient | SNSClient;
export type RequestHandler = Client['config']['requestHandler'];

/** The same client, middleware and all, with another request handler. */
export function withRequestHandler<C extends Client>(client: C, requestHandler: RequestHandler): C {
  return Object.create(client, { config: { value: { ...client.config, requestHandler } } }) as C;
}
