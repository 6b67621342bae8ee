import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsClientOptions } from '../interfaces/options.interface.js';
import { CONNECT_MS, SILENCE_MS } from './http-bounds.js';
import { CALL_CONNECTIONS } from './connections.js';
import { withOwnSockets } from './own-sockets.js';

const bounded = (socketTimeout: number) => ({ connectionTimeout: CONNECT_MS, socketTimeout });

// A `requestHandler` that the user gave is kept, and its bounds are the user's.

export const createSqsClient = (aws: AwsClientOptions = {}, silenceMs = SILENCE_MS.call): SQSClient =>
  new SQSClient({ requestHandler: bounded(silenceMs), ...aws });

export const createSnsClient = (aws: AwsClientOptions = {}, silenceMs = SILENCE_MS.call): SNSClient =>
  new SNSClient({ requestHandler: bounded(silenceMs), ...aws });

/** The same client for long polls: each holds a socket for up to 20 s, so there are as many as polls. */
export const forPolling = (client: SQSClient, isOurs = false, silenceMs = SILENCE_MS.longPoll): SQSClient =>
  withOwnSockets(client, { socketTimeout: silenceMs }, isOurs);

/** The same client for calls that are answered at once, so that they do not wait for another's sockets. */
export const forCalls = (client: SQSClient, isOurs = false): SQSClient =>
  withOwnSockets(client, { socketTimeout: SILENCE_MS.call, maxSockets: CALL_CONNECTIONS }, isOurs);
