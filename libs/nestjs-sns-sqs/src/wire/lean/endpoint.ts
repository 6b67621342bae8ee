import { getEndpointFromInstructions } from '@smithy/core/endpoints';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';

/** Where a call goes, and what it is signed for. */
export interface Endpoint {
  /** Scheme, host and port, e.g. `https://sqs.eu-west-1.amazonaws.com`. */
  origin: string;
  /** As the header has it: without the port that is the scheme's own. */
  host: string;
  path: string;
  region: string;
  /** Headers that the endpoint asks for, if any. */
  headers: Record<string, string>;
}

type Instructions = Parameters<typeof getEndpointFromInstructions>[1];

/**
 * The endpoint that the SDK's client would call: a custom one, AWS_ENDPOINT_URL, or the region's, FIPS and dual-stack
 * among them; else the host of the queue's URL where that differs.
 * @param queueHost scheme and host of the queue's URL; empty for a topic
 */
export async function endpointOf(
  config: SQSClient['config'] | SNSClient['config'],
  instructions: Instructions,
  queueHost: string,
): Promise<Endpoint> {
  const isCustom = config.endpoint !== undefined;
  const { url, headers, properties } = await getEndpointFromInstructions({}, instructions, config as object);
  const [scheme] = (properties?.['authSchemes'] ?? []) as Array<{ signingRegion?: string }>;
  const follows = !isCustom && 'useQueueUrlAsEndpoint' in config && config.useQueueUrlAsEndpoint;
  const { origin, host, pathname } = follows && URL.canParse(queueHost) ? new URL(queueHost) : url;
  return {
    origin,
    host,
    path: pathname.endsWith('/') ? pathname : `${pathname}/`,
    region: scheme?.signingRegion ?? (await config.region()),
    headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, values]) => [name, values.join(',')])),
  };
}
