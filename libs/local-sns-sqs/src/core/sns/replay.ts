import type { Broker } from '../broker.js';
import { Due } from '../deadlines.js';
import { isRecord } from '../input.js';
import { deliverOne } from './deliver.js';
import { invalidParameter } from './errors.js';
import type { ReplayStatus, RunningReplay, Subscription } from './subscription.js';
import type { Topic } from './topic.js';

/** A replay is pending that long, and then goes on in steps. AWS names no times. */
const PENDING_MS = 1_000;
const TICK_MS = 100;
const PER_TICK = 100;

/** From and to which time of publishing, in epoch milliseconds. */
export interface ReplayWindow {
  from: number;
  /** Inclusive; undefined: to the latest, and then all that follows. */
  to: number | undefined;
}

function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** Reads a replay policy; undefined for one that asks for none. Throws for what SNS refuses. */
export function readReplayPolicy(text: string, topic: Topic, where: string): ReplayWindow | undefined {
  const refuse = (reason: string): Error => invalidParameter(`${where}ReplayPolicy: ${reason}`);
  let policy: unknown;
  try {
    policy = JSON.parse(text === '' ? '{}' : text);
  } catch {
    throw refuse('failed to parse JSON.');
  }
  if (!isRecord(policy)) throw refuse('it must be a JSON object.');
  if (Object.keys(policy).length === 0) return undefined;
  if (!topic.archive) throw refuse('the topic has no active ArchivePolicy.');
  const { PointType, StartingPoint, EndingPoint, ...others } = policy;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw refuse(`unknown property ${unknown}.`);
  if (PointType !== 'Timestamp') throw refuse('PointType must be Timestamp.');
  const from = timeOf(StartingPoint);
  if (from === undefined) throw refuse('StartingPoint must be a timestamp.');
  const to = EndingPoint === undefined ? undefined : timeOf(EndingPoint);
  if (EndingPoint !== undefined && to === undefined) throw refuse('EndingPoint must be a timestamp.');
  if (to !== undefined && to <= from) throw refuse('EndingPoint must be after StartingPoint.');
  return { from, to };
}

/**
 * Gives a subscription what its topic has archived, in order, through its filter
 * (message-archiving-and-replay-subscriber). Messages that arrive meanwhile come after it, from the archive too. With an
 * end the subscription is paused from there on, until it has another policy or none.
 */
export class Replay extends Due implements RunningReplay {
  status: ReplayStatus = 'Pending';

  constructor(
    private readonly broker: Broker,
    private readonly topic: Topic,
    private readonly subscription: Subscription,
    readonly window: ReplayWindow,
    /** Position in the archive of what comes next. */
    public position: number,
    /** Position of the first message that was published after the replay began. */
    readonly liveFrom: number,
  ) {
    super();
  }

  schedule(inMs = PENDING_MS): void {
    this.broker.deadlines.schedule(this, this.broker.now() + inMs);
  }

  cancel(): void {
    this.broker.deadlines.cancel(this);
  }

  /** Whether the subscription gets what is published now. */
  passesLive(now: number): boolean {
    return this.status === 'Completed' && !this.isOver(now);
  }

  onDue(now: number): void {
    this.broker.controlChanged = true;
    const { archive } = this.topic;
    if (!archive) {
      this.status = 'Failed';
      return;
    }
    this.status = 'In progress';
    for (let count = 0; count < PER_TICK; count += 1) {
      const found = archive.at(this.position);
      if (!found || this.isOver(found.published.publishedAt)) {
        this.status = 'Completed';
        return;
      }
      this.position = found.next;
      const { published } = found;
      // What was published after the replay began is no repetition.
      deliverOne(this.broker, this.topic, this.subscription, published, this.position <= this.liveFrom);
    }
    this.broker.deadlines.schedule(this, now + TICK_MS);
  }

  private isOver(time: number): boolean {
    return this.window.to !== undefined && time > this.window.to;
  }
}

/** Starts what the subscription's ReplayPolicy asks for, in place of a replay that it has. */
export function replayPolicyChanged(broker: Broker, topic: Topic, subscription: Subscription): void {
  subscription.replay?.cancel();
  const window = readReplayPolicy(subscription.attributes.get('ReplayPolicy') ?? '', topic, '');
  if (!window || !topic.archive) {
    subscription.replay = undefined;
    return;
  }
  const now = broker.now();
  const position = topic.archive.positionAt(window.from, now);
  const replay = new Replay(broker, topic, subscription, window, position, topic.archive.end);
  subscription.replay = replay;
  replay.schedule();
}
