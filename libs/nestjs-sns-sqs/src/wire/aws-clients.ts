import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsClientOptions } from '../interfaces/options.interface.js';
import { CONNECT_MS, SILENCE_MS } from './http-bounds.js';
import { QuickMd5, QuickSha256 } from './quick-hashes.js';

// A `requestHandler` or a hash that the user gave is kept, and its bounds are the user's.
const withBounds = (aws: AwsClientOptions, socketTimeout: number): AwsClientOptions => ({
  // Half a dozen hashes and HMACs for each call, and one for each body.
  sha256: QuickSha256,
  ...aws,
  md5: aws.md5 ?? QuickMd5,
  requestHandler: aws.requestHandler ?? { connectionTimeout: CONNECT_MS, socketTimeout },
});

export const createSqsClient = (aws: AwsClientOptions = {}, silenceMs = SILENCE_MS.call): SQSClient =>
  new SQSClient(withBounds(aws, silenceMs));

export const createSnsClient = (aws: AwsClientOptions = {}, silenceMs = SILENCE_MS.call): SNSClient =>
  new SNSClient(withBounds(aws, silenceMs));
