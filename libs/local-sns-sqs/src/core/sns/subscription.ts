import { type FilterPolicy, type FilterScope, parseFilterPolicy } from './filter-policy.js';

export type ReplayStatus = 'Pending' | 'In progress' | 'Completed' | 'Failed';

/** A replay of a topic's archive, as its subscription knows it. */
export interface RunningReplay {
  readonly status: ReplayStatus;
  /** Whether the subscription gets what is published now. */
  passesLive(now: number): boolean;
  cancel(): void;
}

/** A queue that gets a topic's messages. */
export class Subscription {
  filter: FilterPolicy | undefined;
  deadLetterArn: string | undefined;
  /** Undefined: it gets what is published, and nothing of before. */
  replay: RunningReplay | undefined;

  constructor(
    readonly arn: string,
    readonly topicArn: string,
    readonly protocol: string,
    readonly endpoint: string,
    readonly attributes: Map<string, string>,
  ) {
    this.attributesChanged();
  }

  get raw(): boolean {
    return this.attributes.get('RawMessageDelivery') === 'true';
  }

  get scope(): FilterScope {
    return this.attributes.get('FilterPolicyScope') === 'MessageBody' ? 'MessageBody' : 'MessageAttributes';
  }

  attributesChanged(): void {
    const filter = this.attributes.get('FilterPolicy');
    this.filter = filter ? parseFilterPolicy(filter, this.scope) : undefined;
    const redrive = this.attributes.get('RedrivePolicy');
    this.deadLetterArn = redrive
      ? (JSON.parse(redrive) as { deadLetterTargetArn: string }).deadLetterTargetArn
      : undefined;
  }
}
