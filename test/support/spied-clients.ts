import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsConfig } from './endpoint.js';
import { SpyingProxy, type Call, type Fault } from './spying-proxy.js';

export type { Call, Fault } from './spying-proxy.js';

export interface SpiedClients {
  sqs: SQSClient;
  sns: SNSClient;
  /** Every call so far, over either wire. */
  calls: Call[];
  /** Makes AWS seem to fail, once each, the batch entries whose body is `chosen`, and carry out the others. */
  failEntriesOnce: (chosen: (body: string) => boolean) => void;
}

/** AWS clients whose calls are written down and, where a fault is given, fail. The last `destroy()` ends it. */
export function spiedClients(aws: AwsConfig, fault: Fault = () => undefined): SpiedClients {
  const proxy = new SpyingProxy(new URL(aws.endpoint), fault);
  const spied = { ...aws, endpoint: async () => ({ url: new URL(await proxy.url()) }), maxAttempts: 1 };
  const sqs = new SQSClient(spied);
  const sns = new SNSClient(spied);
  const open = new Set<object>([sqs, sns]);
  for (const client of [sqs, sns]) {
    const destroy = client.destroy.bind(client);
    client.destroy = () => {
      destroy();
      open.delete(client);
      if (open.size === 0) proxy.close();
    };
  }
  return { sqs, sns, calls: proxy.calls, failEntriesOnce: chosen => proxy.failOnce(chosen) };
}

/** An error as the SDK throws it. */
export function awsError(name: string, message: string, httpStatusCode = 500): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
}
