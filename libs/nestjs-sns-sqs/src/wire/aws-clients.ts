import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsClientOptions } from '../interfaces/options.interface.js';

/**
 * How long a connection may say nothing, in milliseconds, before its call has failed and is tried again. Where a NAT
 * or a load balancer has forgotten a connection nothing ever ends it, and the SDK's own bounds are 15 minutes for SQS
 * and 5 for SNS, none before 2026: a queue's only receive would be deaf as long. A long poll is silent for up to 20 s.
 */
const SILENCE_MS = { call: 10_000, longPoll: 30_000 };
const CONNECT_MS = 5_000;

const bounded = (socketTimeout: number) => ({ connectionTimeout: CONNECT_MS, socketTimeout });

/**
 * Each long poll holds a socket for up to 20 s. The SDK's agents have 50: behind that many pollers every other call
 * would starve (aws-sdk-js-v3 #7027), so polling has a client of its own, without a bound.
 */
const UNBOUNDED_SOCKETS = {
  httpAgent: { maxSockets: Infinity, keepAlive: true },
  httpsAgent: { maxSockets: Infinity, keepAlive: true },
};

// A `requestHandler` that the user gave is kept, and its bounds are the user's.

/** For calls that are answered at once. */
export const createSqsClient = (aws: AwsClientOptions = {}, silenceMs = SILENCE_MS.call): SQSClient =>
  new SQSClient({ requestHandler: bounded(silenceMs), ...aws });

export const createSnsClient = (aws: AwsClientOptions = {}, silenceMs = SILENCE_MS.call): SNSClient =>
  new SNSClient({ requestHandler: bounded(silenceMs), ...aws });

/** For long polls too. */
export const createPollingClient = (aws: AwsClientOptions = {}, silenceMs = SILENCE_MS.longPoll): SQSClient =>
  new SQSClient({ requestHandler: { ...UNBOUNDED_SOCKETS, ...bounded(silenceMs) }, ...aws });
