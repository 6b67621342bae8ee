export interface Endpoint {
  url: string;
  stop: () => Promise<void>;
}

/** The endpoint named by AWS_ENDPOINT_URL (LocalStack, …), else an embedded broker of the spec file's own. */
export async function openEndpoint(): Promise<Endpoint> {
  const given = process.env['AWS_ENDPOINT_URL'];
  if (given) return { url: given, stop: () => Promise.resolve() };
  const { startLocalBroker } = await import('local-sns-sqs');
  const broker = await startLocalBroker();
  return { url: broker.endpoint, stop: () => broker.stop() };
}

/** What every client of the suite is configured with. */
export const awsOf = (endpoint: string) => ({
  region: 'us-east-1',
  endpoint,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

/** The wire that the suite runs on: `WIRE=lean`, else the SDK's. */
export const wireUnderTest = process.env['WIRE'] === 'lean' ? ('lean' as const) : ('sdk' as const);

export type AwsConfig = ReturnType<typeof awsOf>;
