import { ListQueuesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { abortController } from '../async/abort.js';
import { fromAwsError } from '../errors/aws-errors.js';
import type { AwsClientOptions } from '../interfaces/options.interface.js';
import { createSnsClient, createSqsClient } from '../wire/aws-clients.js';
import { SignedCalls } from '../wire/signed-calls.js';
import { SdkSnsControlPlane } from '../wire/sns-control-plane.js';
import { SdkSqsControlPlane } from '../wire/sqs-control-plane.js';
import { CallRetries } from '../topology/call-retries.js';
import type { ControlPlanes } from '../topology/control-planes.js';
import type { ListQueues } from '../topology/examine-account.js';
import type { AccountAndRegion } from '../topology/publish-targets.js';
import type { Output } from './output.js';
import type { AwsOptions } from './shared-options.js';

/** A command's ways to AWS. */
export interface CliAws {
  planes: ControlPlanes;
  listQueues: ListQueues;
  accountAndRegion: () => Promise<AccountAndRegion>;
  /** Calls of IAM and STS. */
  calls: SignedCalls;
  sqs: SQSClient;
  destroy: () => void;
}

/** How long a command tries calls that AWS throttles or does not answer, in milliseconds. */
const RETRY_FOR_MS = 30_000;

export const clientOptions = ({ endpoint, region }: AwsOptions): AwsClientOptions => ({
  ...(endpoint !== undefined && { endpoint }),
  ...(region !== undefined && { region }),
});

/** Opens clients. Nothing is called yet. Warnings go to stderr. */
export function openAws(options: AwsOptions, output: Output): CliAws {
  const aws = clientOptions(options);
  const stopping = abortController();
  const [sqs, sns] = [createSqsClient(aws), createSnsClient(aws)];
  const calls = new SignedCalls(sqs.config);
  const logger = { log: (text: string) => output.note(text), warn: (text: string) => output.note(`warning: ${text}`) };
  return {
    planes: {
      sqs: new SdkSqsControlPlane(sqs),
      sns: new SdkSnsControlPlane(sns),
      keys: calls,
      logger,
      signal: stopping.signal,
      retries: new CallRetries({ forMs: RETRY_FOR_MS, boundedBy: 'the command', logger }),
    },
    listQueues: prefix => listQueues(sqs, prefix),
    accountAndRegion: async () => ({
      region: await sqs.config.region(),
      accountId: (await sqs.config.credentials()).accountId ?? process.env['AWS_ACCOUNT_ID'],
    }),
    calls,
    sqs,
    destroy: () => {
      // What another failure left behind would be tried again for as long as calls are.
      stopping.abort();
      sqs.destroy();
      sns.destroy();
    },
  };
}

const PAGE = 1_000;

async function listQueues(sqs: SQSClient, prefix: string): Promise<string[] | undefined> {
  const urls: string[] = [];
  let NextToken: string | undefined;
  try {
    do {
      const page = new ListQueuesCommand({ QueueNamePrefix: prefix || undefined, MaxResults: PAGE, NextToken });
      const answer = await sqs.send(page);
      urls.push(...(answer.QueueUrls ?? []));
      NextToken = answer.NextToken;
    } while (NextToken !== undefined);
    return urls;
  } catch (error) {
    const failure = fromAwsError(error, 'ListQueues', prefix);
    if (failure.code === 'ACCESS_DENIED') return undefined;
    throw failure;
  }
}
