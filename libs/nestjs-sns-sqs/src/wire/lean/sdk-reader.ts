import { Readable } from 'node:stream';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { withRequestHandler } from '../client-view.js';
import type { HttpAnswer } from '../connections.js';

/** Of a client that only reads: it calls nobody, and tries once. */
export const READER_CONFIG = {
  region: 'us-east-1',
  endpoint: 'http://reader.invalid',
  credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
  maxAttempts: 1,
  retryMode: 'standard',
  useFipsEndpoint: false,
  useDualstackEndpoint: false,
};

/** The reader with an answer already there: what it sends gets that, as an output or as the error that the SDK makes of it. */
export function answeredClient<C extends SQSClient | SNSClient>(reader: C, { status, headers, body }: HttpAnswer): C {
  const response = {
    statusCode: status,
    headers: { ...headers } as Record<string, string>,
    body: Readable.from([body]),
  };
  return withRequestHandler(reader, {
    handle: () => Promise.resolve({ response }),
    destroy: () => undefined,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  });
}
