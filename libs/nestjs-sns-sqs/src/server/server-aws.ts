import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { SnsControlPlane, SqsControlPlane } from '../interfaces/control-plane.interface.js';
import type { ServerSQSOptions } from '../interfaces/options.interface.js';
import type { SqsWire } from '../interfaces/wire.interface.js';
import { accessSqs } from '../wire/aws-access.js';
import { createSnsClient } from '../wire/aws-clients.js';
import { ownsConnections } from '../wire/request-handlers.js';
import { SdkSnsControlPlane } from '../wire/sns-control-plane.js';
import { SdkSqsControlPlane } from '../wire/sqs-control-plane.js';

/** The server's ways to AWS. */
export interface ServerAws {
  sqs: SQSClient;
  sns: SNSClient;
  wire: SqsWire;
  sqsControlPlane: SqsControlPlane;
  snsControlPlane: SnsControlPlane;
  /** Frees the clients made here; clients, handlers and agents that the user gave stay open. */
  destroy(): void;
}

export function createServerAws(options: Pick<ServerSQSOptions, 'aws' | 'sqs' | 'sns' | 'wire'>): ServerAws {
  const sqs = accessSqs(options);
  const sns = options.sns ?? createSnsClient(options.aws);
  return {
    sqs: sqs.client,
    sns,
    wire: sqs.wire,
    sqsControlPlane: new SdkSqsControlPlane(sqs.client),
    snsControlPlane: new SdkSnsControlPlane(sns),
    destroy() {
      sqs.destroy();
      if (!options.sns && ownsConnections(options.aws)) sns.destroy();
    },
  };
}
