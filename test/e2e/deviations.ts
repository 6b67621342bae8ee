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
  'attribute-characters': {
    server: 'localstack',
    rule: "a String attribute's value takes the characters that a message's body takes, and no others",
    page: 'https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html',
  },
} satisfies Record<string, Deviation>;

/** True on a server that breaks the rule; E2E_SERVER names the server. */
export const deviates = (name: keyof typeof DEVIATIONS): boolean =>
  process.env['E2E_SERVER'] === DEVIATIONS[name].server;

/**
 * `it` for a behaviour that rests on a rule which some server breaks: there it is left out, and said to be.
 * `deviations.e2e-spec.ts` asks the server for the rule itself, and fails once it keeps it.
 */
export function itNeeds(name: keyof typeof DEVIATIONS): typeof it {
  return deviates(name) ? it.skip : it;
}

/** `it` for the rule itself: on a server that breaks it the expectation, AWS's, has to fail. */
export function itIsAwsRule(name: keyof typeof DEVIATIONS): typeof it {
  return deviates(name) ? it.failing : it;
}
