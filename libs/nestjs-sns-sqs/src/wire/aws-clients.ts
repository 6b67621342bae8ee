import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsClientOptions } from '../interfaces/options.interface.js';
import { withOwnSockets } from './own-sockets.js';

/**
 * How long a connection may say nothing, in milliseconds, before its call has failed and is tried again. Where a NAT
 * or a load balancer has forgotten a connection nothing ever ends it, and the SDK's own bounds are 15 minutes for SQS
 * and 5 for SNS, none before 2026: a queue's only receive would be deaf as long. A long poll is silent for up to 20 s.
 */
export const SILENCE_MS = { call: 10_000, longPoll: 30_000 };
export const CONNECT_MS = 5_000;

const bounded = (socketTimeout: number) => ({ connectionTimeout: CONNECT_MS, socketTimeout });

/** Each long poll holds a socket for up to 20 s, and the SDK's agents have 50 (aws-sdk-js-v3 #7027). */
const UNBOUNDED_SOCKETS = {
  httpAgent: { maxSockets: Infinity, keepAlive: true },
  httpsAgent: { maxSockets: Infinity, keepAlive: true },
};

// A `requestHandler` that the user gave is kept, and its bounds are the user's.

export const createSqsClient = (aws: AwsClientOptions = {}, silenceMs = SILENCE_MS.call): SQSClient =>
  new SQSClient({ requestHandler: bounded(silenceMs), ...aws });

export const createSnsClient = (aws: AwsClientOptions = {}, silenceMs = SILENCE_MS.call): SNSClient =>
  new SNSClient({ requestHandler: bounded(silenceMs), ...aws });

/** The same client for long polls: as many sockets as there are polls, and none that another call waits for. */
export const forPolling = (client: SQSClient, isOurs = false, silenceMs = SILENCE_MS.longPoll): SQSClient =>
  withOwnSockets(client, { ...UNBOUNDED_SOCKETS, ...bounded(silenceMs) }, isOurs);

/** The same client for sends, so that they do not wait for settles' sockets, nor these for them. */
export const forSending = (client: SQSClient, isOurs = false): SQSClient =>
  withOwnSockets(client, bounded(SILENCE_MS.call), isOurs);
