import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsAccessOptions } from '../interfaces/options.interface.js';
import type { SnsWire, SqsWire } from '../interfaces/wire.interface.js';
import { withRequestHandler } from './client-view.js';
import { hotView } from './hot-view.js';
import { createSnsClient, createSqsClient } from './aws-clients.js';
import { LeanSnsWire } from './lean/lean-sns-wire.js';
import { LeanSqsWire } from './lean/lean-sqs-wire.js';
import { handlersOf, ownsConnections, quickUnlessGiven } from './request-handlers.js';
import { SdkSnsWire } from './sdk-sns-wire.js';
import { SdkSqsWire } from './sdk-sqs-wire.js';

/** A way to a service: the SDK client for what is rare, the wire for what is hot. */
export interface AwsAccess<Client, Wire> {
  client: Client;
  wire: Wire;
  /** Frees what was made here; a client, a handler or an agent that the user gave stays open. */
  destroy(): void;
}

/** A retry strategy of the SDK's old kind adds to the context of each call, which a hot view has once for all calls. */
const viewFor = ({ aws }: AwsAccessOptions): typeof withRequestHandler =>
  aws?.retryStrategy === undefined ? hotView : withRequestHandler;

export function accessSqs(options: AwsAccessOptions & { sqs?: SQSClient }): AwsAccess<SQSClient, SqsWire> {
  const client = options.sqs ?? createSqsClient(options.aws);
  const isGiven = options.sqs !== undefined;
  const wire =
    options.wire === 'lean'
      ? new LeanSqsWire(client, { isGiven })
      : new SdkSqsWire(client, isGiven ? 'of-the-client' : handlersOf(options.aws?.requestHandler), viewFor(options));
  return {
    client,
    wire,
    destroy() {
      const isOurs = ownsConnections(options.aws);
      if (isGiven || isOurs) wire.destroy();
      if (!isGiven && isOurs) client.destroy();
    },
  };
}

export function accessSns(options: AwsAccessOptions & { sns?: SNSClient }): AwsAccess<SNSClient, SnsWire> {
  const client = options.sns ?? createSnsClient(options.aws);
  const isGiven = options.sns !== undefined;
  const wire =
    options.wire === 'lean'
      ? new LeanSnsWire(client, { isGiven })
      : new SdkSnsWire(client, isGiven ? undefined : quickUnlessGiven(options.aws), viewFor(options));
  return {
    client,
    wire,
    destroy() {
      const isOurs = ownsConnections(options.aws);
      if (isGiven || isOurs) wire.destroy();
      if (!isGiven && isOurs) client.destroy();
    },
  };
}
