declare const KIND: unique symbol;

/** A text of one kind: it cannot be given where one of another kind is asked for. A plain string is taken for any kind. */
type Kind<Name extends string> = string & { readonly [KIND]?: Name };

/** Of a queue or topic, as AWS knows it: with the environment's prefix. */
export type FullName = Kind<'full name'>;
/** Of a queue or topic, as options and decorators know it: without the prefix. */
export type ShortName = Kind<'short name'>;

export type QueueUrl = Kind<'queue URL'>;
export type QueueArn = Kind<'queue ARN'>;
export type TopicArn = Kind<'topic ARN'>;
export type SubscriptionArn = Kind<'subscription ARN'>;
