/** A rule of AWS's that a server does not keep. The expectation stays AWS's. */
interface Deviation {
  server: 'localstack';
  rule: string;
  /** AWS's page that states it. */
  page: string;
}

/** LocalStack 4.14.0. */
const DEVIATIONS = {
  /** Public issue localstack/localstack#12457. */
  'fifo-head-invisible': {
    server: 'localstack',
    rule: 'no later message of a group is delivered while its head is invisible',
    page: 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagegroupid-property.html',
  },
  'closed-poll-takes-nothing': {
    server: 'localstack',
    rule: 'a long poll whose connection was closed takes no message that becomes available afterwards',
    page: 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html',
  },
} satisfies Record<string, Deviation>;

/**
 * `it` for a behaviour that rests on a rule which some server does not keep. On that server, named by E2E_SERVER, the
 * test has to fail: once the server keeps the rule the run fails, and the entry goes.
 */
export function itNeeds(name: keyof typeof DEVIATIONS): typeof it {
  return process.env['E2E_SERVER'] === DEVIATIONS[name].server ? it.failing : it;
}
