/** What a team adds to what the handlers need. */
export interface ExportOptions {
  /** A customer key in KMS: its ARN, id or alias. Undefined: SQS's own encryption. */
  kmsKeyId?: string | undefined;
  /** How long SQS uses one data key of the customer key, in seconds, 60 to 86,400. @default 300 */
  kmsDataKeyReuseSeconds?: number | undefined;
  /** Of each topic and queue. */
  tags?: Readonly<Record<string, string>> | undefined;
  /** False: no alarms. */
  alarms?: AlarmOptions | false | undefined;
  /** False: the roles' policies are left out. */
  policies?: boolean | undefined;
  /** False: what SNS cannot deliver is dropped. @default true */
  subscriptionDeadLetterQueues?: boolean | undefined;
  /**
   * `own`: the topics of the app's services; `all`: the topics of other services in the same account too; `only`: its own
   * topics and nothing else; `none`: all but topics. @default 'own'
   */
  topics?: TopicChoice | undefined;
}

export const TOPIC_CHOICES = ['own', 'all', 'only', 'none'] as const;
export type TopicChoice = (typeof TOPIC_CHOICES)[number];

export interface AlarmOptions {
  /** The oldest message of a queue has waited for longer, in seconds. */
  ageSeconds: number;
  /** ARNs that an alarm tells, such as those of SNS topics. */
  actions: readonly string[];
}

export const DEFAULT_ALARM_AGE_SECONDS = 900;
export const DEFAULT_KMS_REUSE_SECONDS = 300;
