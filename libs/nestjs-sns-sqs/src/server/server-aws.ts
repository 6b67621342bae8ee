import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { SnsControlPlane, SqsControlPlane } from '../interfaces/control-plane.interface.js';
import type { ServerSQSOptions } from '../interfaces/options.interface.js';
import type { SqsWire } from '../interfaces/wire.interface.js';
import { createPollingClient, createSnsClient, createSqsClient } from '../wire/aws-clients.js';
import { SdkSqsWire } from '../wire/sdk-sqs-wire.js';
import { SdkSnsControlPlane } from '../wire/sns-control-plane.js';
import { SdkSqsControlPlane } from '../wire/sqs-control-plane.js';

/** The server's ways to AWS. */
export interface ServerAws {
  sqs: SQSClient;
  sns: SNSClient;
  wire: SqsWire;
  sqsControlPlane: SqsControlPlane;
  snsControlPlane: SnsControlPlane;
  /** Frees the clients made here; those that the user gave stay open. */
  destroy(): void;
}

/** A client that the user gives polls too: its middleware and credentials are then those of every call. */
export function createServerAws(options: Pick<ServerSQSOptions, 'aws' | 'sqs' | 'sns'>): ServerAws {
  const sqs = options.sqs ?? createSqsClient(options.aws);
  const polling = options.sqs ?? createPollingClient(options.aws);
  const sns = options.sns ?? createSnsClient(options.aws);
  return {
    sqs,
    sns,
    wire: new SdkSqsWire(sqs, polling),
    sqsControlPlane: new SdkSqsControlPlane(sqs),
    snsControlPlane: new SdkSnsControlPlane(sns),
    destroy() {
      if (!options.sqs) {
        sqs.destroy();
        polling.destroy();
      }
      if (!options.sns) sns.destroy();
    },
  };
}
