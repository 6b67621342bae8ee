import { EventEmitter } from 'node:events';
import type { LoggerService } from '@nestjs/common';
import type { SnsSqsError } from '../errors/sns-sqs.error.js';
import { announce } from '../events/diagnostics.js';
import { tellListeners } from '../events/user-code.js';
import { Faults, type FaultOf } from './faults.js';

/**
 * `idle → provisioning → polling ⇄ reconnecting → draining → closed`. `reconnecting`: at least one queue's receives
 * fail, or the inbox's store does not answer; both are tried again with backoff.
 */
export type SqsServerStatus = 'idle' | 'provisioning' | 'polling' | 'reconnecting' | 'draining' | 'closed';

/** Events of {@link ServerSQS.on}: `error` tells each fault of a receive, and of the inbox's store, after the start. */
export type SqsServerEvents = { error: (error: SnsSqsError) => void };

export interface ServerStateOptions {
  service: string;
  logger: Pick<LoggerService, 'log' | 'error'>;
  onChange: (status: SqsServerStatus) => void;
}

/** A server's state, and the faults by which it is `polling` or `reconnecting`. Tells the log and who listens. */
export class ServerState {
  readonly faults = new Faults();
  private readonly emitter = new EventEmitter();
  private state: SqsServerStatus = 'idle';

  constructor(private readonly options: ServerStateOptions) {}

  get current(): SqsServerStatus {
    return this.state;
  }

  get isPolling(): boolean {
    return this.state === 'polling' || this.state === 'reconnecting';
  }

  on<EventKey extends keyof SqsServerEvents>(event: EventKey, callback: SqsServerEvents[EventKey]): void {
    this.emitter.on(event, callback);
  }

  change(state: SqsServerStatus): void {
    this.state = state;
    this.options.onChange(state);
    announce('status', { service: this.options.service, status: state });
  }

  onFault(of: FaultOf, queue: string, error: SnsSqsError): void {
    const { logger } = this.options;
    const isNews = this.faults.note(of, queue, error);
    if (isNews) logger.error(`${error.message} The library tries again with backoff.`);
    if (this.state === 'polling') this.change('reconnecting');
    tellListeners("A listener of the server's errors", this.emitter.listeners('error'), error, logger);
  }

  onRecovery(of: FaultOf, queue: string): void {
    const isNews = this.faults.mend(of, queue);
    const text = of === 'inbox' ? `inbox of ${queue}: its store works again` : `${queue}: receives work again`;
    if (isNews) this.options.logger.log(text);
    if (this.faults.size === 0 && this.state === 'reconnecting') this.change('polling');
  }
}
