import { channel, type Channel } from 'node:diagnostics_channel';
import { tellSubscribers } from './tell-subscribers.js';

/** `nestjs-sns-sqs:received`: a receive gave messages. */
export interface ReceivedEvent {
  queue: string;
  count: number;
}

/** `nestjs-sns-sqs:started`: a handler starts. */
export interface StartedEvent {
  queue: string;
  messageId: string;
  /** From 1. */
  attempt: number;
}

/** `nestjs-sns-sqs:settled`: what became of a message. */
export interface SettledEvent {
  queue: string;
  messageId: string;
  attempt: number;
  /** Undefined for a body that could not be read. */
  type: string | undefined;
  data: unknown;
  /** `wait`: the message was not handled and waits; this uses up no attempt. */
  outcome: 'delete' | 'retry' | 'wait' | 'dead-letter';
  /**
   * The handler did not run: the inbox knows the event, or a later one of its subject, as done; or no version wants its
   * type.
   */
  skipped?: 'duplicate' | 'older' | 'unwanted';
  /**
   * Reason of a wait: another instance handles the event, an earlier event is missing, the inbox's store does not
   * answer, no handler of this version takes its type, its delay is not over, its key has reached its rate limit, or the
   * server was forced to stop.
   */
  why?: 'in-work' | 'early' | 'unavailable' | 'unknown-type' | 'backoff' | 'rate-limit' | 'stopped';
  /** Of a dead letter: the rule by which it is one; docs/retries.md explains each. */
  rule?: 'asked-for' | 'permanent' | 'attempts-used-up' | 'skipped-for-its-group' | 'expiring' | 'copied-again';
  /** From its start to its settlement, in milliseconds. */
  durationMs: number;
  /** The error that the handler threw. */
  error?: unknown;
}

/** `nestjs-sns-sqs:publishing`: an event, command or request is being sent; one `published` follows. */
export interface PublishingEvent {
  /** Name of the topic or queue. */
  destination: string;
  type: string;
  id: string;
  data: unknown;
}

/** `nestjs-sns-sqs:published`: AWS has accepted or refused it, or it could not be sent. */
export interface PublishedEvent extends PublishingEvent {
  error?: unknown;
}

/** `nestjs-sns-sqs:status`: a server has changed its state. */
export interface StatusEvent {
  service: string;
  status: string;
}

/** `nestjs-sns-sqs:paused`: a queue was paused or resumed by `server.pause()` and `server.resume()`. */
export interface PausedEvent {
  queue: string;
  isPaused: boolean;
}

/** `nestjs-sns-sqs:circuit`: the circuit breaker of a queue has changed its state. */
export interface CircuitEvent {
  queue: string;
  /** `trial`: one message may be tried. */
  state: 'open' | 'trial' | 'closed';
  /** How long nothing is received; with `open` only. */
  pauseSeconds?: number;
}

/** `nestjs-sns-sqs:batch`: the handler of a batch has ended. Each message has a `settled` event too. */
export interface BatchEvent {
  queue: string;
  /** Messages that the handler was called for. */
  count: number;
  /** Of the call, in milliseconds. */
  durationMs: number;
  /** The error of the call: a `BatchFailure` for some of its messages, another error for all. */
  error?: unknown;
}

/** `nestjs-sns-sqs:leaseLost`: the lease of a message ended while its handler ran; another process may handle it too. */
export interface LeaseLostEvent {
  queue: string;
  messageId: string;
  why: string;
}

export interface DiagnosticsEvents {
  received: ReceivedEvent;
  started: StartedEvent;
  settled: SettledEvent;
  publishing: PublishingEvent;
  published: PublishedEvent;
  status: StatusEvent;
  paused: PausedEvent;
  circuit: CircuitEvent;
  batch: BatchEvent;
  leaseLost: LeaseLostEvent;
}

const channelOf = (name: keyof DiagnosticsEvents): Channel => channel(`nestjs-sns-sqs:${name}`);

const CHANNELS: Record<keyof DiagnosticsEvents, Channel> = {
  received: channelOf('received'),
  started: channelOf('started'),
  settled: channelOf('settled'),
  publishing: channelOf('publishing'),
  published: channelOf('published'),
  status: channelOf('status'),
  paused: channelOf('paused'),
  circuit: channelOf('circuit'),
  batch: channelOf('batch'),
  leaseLost: channelOf('leaseLost'),
};

/** True if a listener is subscribed. Only then its values are computed. */
export const isObserved = (name: keyof DiagnosticsEvents): boolean => CHANNELS[name].hasSubscribers;

/**
 * Tells a fact on the channel `nestjs-sns-sqs:<name>` of `node:diagnostics_channel`, for telemetry of whatever kind.
 * Without a listener it costs a look at a flag.
 */
export function announce<Name extends keyof DiagnosticsEvents>(name: Name, event: DiagnosticsEvents[Name]): void {
  const told = CHANNELS[name];
  if (told.hasSubscribers) tellSubscribers(told, event);
}
