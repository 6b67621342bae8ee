import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsClientOptions } from '../interfaces/options.interface.js';

/**
 * Each long poll holds a socket for up to 20 s. The SDK's agents have 50: behind that many pollers every other call
 * would starve (aws-sdk-js-v3 #7027), so polling has a client of its own, without a bound.
 */
const UNBOUNDED_SOCKETS = {
  httpAgent: { maxSockets: Infinity, keepAlive: true },
  httpsAgent: { maxSockets: Infinity, keepAlive: true },
};

export const createSqsClient = (aws: AwsClientOptions = {}): SQSClient => new SQSClient(aws);

export const createSnsClient = (aws: AwsClientOptions = {}): SNSClient => new SNSClient(aws);

/** A client for long polls only; a `requestHandler` that the user gave is kept. */
export const createPollingClient = (aws: AwsClientOptions = {}): SQSClient =>
  new SQSClient({ requestHandler: UNBOUNDED_SOCKETS, ...aws });
