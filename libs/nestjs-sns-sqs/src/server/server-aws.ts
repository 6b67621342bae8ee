import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { KeyPolicies, SnsControlPlane, SqsControlPlane } from '../interfaces/control-plane.interface.js';
import type { AwsClientOptions, ServerSQSOptions } from '../interfaces/options.interface.js';
import type { SqsWire } from '../interfaces/wire.interface.js';
import { accessSqs } from '../wire/aws-access.js';
import { createSnsClient } from '../wire/aws-clients.js';
import { withRequestHandler } from '../wire/client-view.js';
import { CALL_CONNECTIONS } from '../wire/connections.js';
import { SILENCE_MS } from '../wire/http-bounds.js';
import { ownsConnections, quickUnlessGiven } from '../wire/request-handlers.js';
import { SignedCalls } from '../wire/signed-calls.js';
import { SdkSnsControlPlane } from '../wire/sns-control-plane.js';
import { SdkSqsControlPlane } from '../wire/sqs-control-plane.js';

/** The server's ways to AWS. */
export interface ServerAws {
  sqs: SQSClient;
  sns: SNSClient;
  wire: SqsWire;
  sqsControlPlane: SqsControlPlane;
  snsControlPlane: SnsControlPlane;
  keys: KeyPolicies;
  /** Frees the clients made here; clients, handlers and agents that the user gave stay open. */
  destroy(): void;
}

/** A client made here, with the sockets that the hot calls have: a start of many queues is a thousand calls. */
function overQuickSockets<C extends SQSClient | SNSClient>(client: C, aws: AwsClientOptions | undefined): C {
  const make = quickUnlessGiven(aws);
  return make
    ? withRequestHandler(client, make({ socketTimeout: SILENCE_MS.call, maxSockets: CALL_CONNECTIONS }))
    : client;
}

export function createServerAws(options: Pick<ServerSQSOptions, 'aws' | 'sqs' | 'sns' | 'wire'>): ServerAws {
  const sqs = accessSqs(options);
  const sns = options.sns ?? createSnsClient(options.aws);
  const planes = {
    sqs: options.sqs ?? overQuickSockets(sqs.client, options.aws),
    sns: options.sns ?? overQuickSockets(sns, options.aws),
  };
  return {
    sqs: sqs.client,
    sns,
    wire: sqs.wire,
    sqsControlPlane: new SdkSqsControlPlane(planes.sqs),
    snsControlPlane: new SdkSnsControlPlane(planes.sns),
    keys: new SignedCalls(planes.sqs.config),
    destroy() {
      sqs.destroy();
      if (!ownsConnections(options.aws)) return;
      for (const made of [planes.sqs, planes.sns, sns]) {
        if (made !== options.sqs && made !== options.sns) made.config.requestHandler.destroy?.();
      }
    },
  };
}
