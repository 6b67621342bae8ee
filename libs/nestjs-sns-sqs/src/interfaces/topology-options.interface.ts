/** Tags, encryption and more that a team asks for, beside the settings that the handlers need. */
export interface TopologyOptions {
  /**
   * Tags of each queue and dead-letter queue that `create` makes, such as `{ team: 'mail' }`, beside the library's own.
   * Tags of a queue that exists are left alone. At most 10, keys of at most 128 characters, values of at most 256.
   * @default none
   */
  tags?: Readonly<Record<string, string>> | undefined;
  /**
   * Customer key in KMS that encrypts queues and dead-letter queues: its ARN, id or alias. The policy of the key must let
   * `sns.amazonaws.com` use it. A queue that has another customer key keeps it. @default SQS's own encryption
   */
  kmsKeyId?: string | undefined;
  /** How long SQS uses one data key of the customer key, in seconds, 60 to 86,400. @default 300, AWS's own */
  kmsDataKeyReusePeriodSeconds?: number | undefined;
  /**
   * Events that SNS cannot deliver to a queue go to the dead-letter queue of this queue. Without it SNS drops these
   * events, for example when a policy or a key was changed by mistake. A subscription that has a dead-letter queue of your
   * own keeps it. False: the library neither creates nor verifies this setting. @default true
   */
  subscriptionDeadLetterQueues?: boolean | undefined;
}
