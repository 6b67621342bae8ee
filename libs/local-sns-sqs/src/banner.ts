import { DEFAULT_ACCOUNT, DEFAULT_REGION, type LocalBroker, type LocalBrokerOptions } from './local-broker.js';

/** The text of the command when the broker is up: its address, and the variables to paste into a shell. */
export function banner(
  { publicEndpoint }: Pick<LocalBroker, 'publicEndpoint'>,
  { region = DEFAULT_REGION, accountId = DEFAULT_ACCOUNT }: LocalBrokerOptions,
): string {
  return `SNS and SQS at ${publicEndpoint} (region ${region}, account ${accountId})

  export AWS_ENDPOINT_URL=${publicEndpoint}
  export AWS_REGION=${region}
  export AWS_DEFAULT_REGION=${region}
  export AWS_ACCESS_KEY_ID=local
  export AWS_SECRET_ACCESS_KEY=local

Old versions of the AWS CLI and of SDKs do not read the first of these: give them --endpoint-url ${publicEndpoint}
Queues, messages, topics and calls in a browser: ${publicEndpoint}/
`;
}
