import type { LoggerService } from '@nestjs/common';
import { abortController } from '../async/abort.js';
import { finishesWithin } from '../async/finishes-within.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { observeServer } from '../events/observed-parts.js';
import { resolveHandlerNames } from '../options/handler-names.js';
import { announceService } from '../options/own-service.js';
import type { ResolvedServerOptions } from '../options/server-options.js';
import { queueOfHandler } from '../topology/build-topology.js';
import type { TopologyWatch } from '../topology/topology-watch.js';
import type { ProcessingHooks } from './handle/dispatcher.js';
import type { DeclaredHandler } from './plan-consumers.js';
import type { QueueConsumer } from './queue-consumer.js';
import { createServerAws, type ServerAws } from './server-aws.js';
import { ServerInbox } from './server-inbox.js';
import { ServerObservation, type ObservedRun } from './server-observation.js';
import type { ServerState } from './server-state.js';
import { startConsumers } from './start-consumers.js';
import { Pauses } from './steer/pauses.js';
import { SharedPauses } from './steer/shared-pauses.js';

export interface ServerRunOptions {
  options: ResolvedServerOptions;
  /** Complete once the server starts. */
  handlers: readonly DeclaredHandler[];
  hooks: ProcessingHooks;
  state: ServerState;
  logger: Pick<LoggerService, 'log' | 'warn' | 'error'>;
}

/** The one run of a server: starts the consumers of its handlers, and stops them. Both at most once. */
export class ServerRun implements ObservedRun {
  readonly options: ResolvedServerOptions;
  readonly state: ServerState;
  readonly inbox: ServerInbox | undefined;
  private readonly pauses: Pauses;
  /** Undefined: pauses concern this process only. */
  private readonly sharedPauses: SharedPauses | undefined;
  readonly observation = new ServerObservation(this);
  private readonly logger: ServerRunOptions['logger'];
  private readonly withdraw: () => void;
  private readonly starting = abortController();
  private running: QueueConsumer[] = [];
  private watch: TopologyWatch | undefined;
  private clients: ServerAws | undefined;
  private unobserve: (() => void) | undefined;
  private started: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  private isIntakeStopped = false;

  constructor(private readonly parts: ServerRunOptions) {
    const { options, handlers, state, logger } = parts;
    this.options = options;
    this.state = state;
    this.logger = logger;
    this.withdraw = announceService(options.service);
    this.inbox = this.createInbox();
    this.pauses = new Pauses({
      prefix: options.prefix,
      queues: () => resolveHandlerNames(handlers, options).map(({ extras }) => queueOfHandler(extras, options)),
      consumers: () => this.running,
      logger,
    });
    this.sharedPauses = this.createSharedPauses();
  }

  /** None before the start. */
  get consumers(): readonly QueueConsumer[] {
    return this.running;
  }

  /** Undefined before the start. */
  get aws(): ServerAws | undefined {
    return this.clients;
  }

  /** True: `close()` was called, or is about to be. */
  get isEnding(): boolean {
    return this.isIntakeStopped || this.closing !== undefined;
  }

  /** Resolves when every queue is polled; rejects with the one error that stopped the start. Idempotent. */
  start(): Promise<void> {
    this.started ??= this.begin();
    return this.started;
  }

  /** From now on no message is received and no handler begins. What runs goes on. Idempotent. */
  stopIntake(): void {
    if (this.isIntakeStopped || this.closing) return;
    this.isIntakeStopped = true;
    this.starting.abort();
    if (this.state.isPolling) this.state.change('draining');
    for (const consumer of this.running) consumer.stopIntake();
  }

  /** Stops, within about `shutdownTimeoutMs`. Idempotent, and possible in any state. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async begin(): Promise<void> {
    const { options, state } = this;
    if (this.isEnding)
      throw new SnsSqsError('SERVER_CLOSED', 'listen() was called after close(): make a new ServerSQS');
    state.change('provisioning');
    try {
      this.clients = createServerAws(options);
      const started = await startConsumers({
        options,
        handlers: this.parts.handlers,
        aws: this.clients,
        logger: this.logger,
        signal: this.starting.signal,
        inbox: this.inbox,
        hooks: this.parts.hooks,
        onFault: (queue, error) => state.onFault('receives', queue, error),
        onRecovery: queue => state.onRecovery('receives', queue),
      });
      this.running = started.consumers;
      this.watch = started.watch;
      await this.sharedPauses?.start();
      this.pauses.apply();
      this.refuseIfEnding();
      state.change('polling');
      await this.inbox?.check();
      this.refuseIfEnding();
      for (const consumer of this.running) consumer.start();
      this.watch.start();
      this.unobserve = observeServer(this.observation);
    } catch (error) {
      this.sharedPauses?.stop();
      await Promise.all(this.running.map(consumer => consumer.stop(0)));
      this.clients?.destroy();
      await this.inbox?.close();
      if (!this.closing) state.change('closed');
      throw error;
    }
  }

  private refuseIfEnding(): void {
    if (this.isEnding) throw new SnsSqsError('SERVER_CLOSED', 'close() was called while the server was starting');
  }

  private async end(): Promise<void> {
    const { state } = this;
    if (state.current !== 'draining') state.change('draining');
    this.starting.abort();
    this.watch?.stop();
    this.sharedPauses?.stop();
    this.unobserve?.();
    // A start that was cut off has reported its error to listen's caller already.
    const { shutdownTimeoutMs } = this.options;
    // One that AWS does not answer ends with its clients.
    if (this.started)
      await finishesWithin(
        this.started.catch(() => undefined),
        shutdownTimeoutMs,
      );
    await Promise.all(this.running.map(consumer => consumer.stop(shutdownTimeoutMs)));
    this.clients?.destroy();
    await this.inbox?.close();
    this.withdraw();
    state.change('closed');
  }

  /** Resolves when the handlers that run have ended. Throws INVALID_NAME. */
  async pause(queue: string | undefined): Promise<void> {
    const names = this.pauses.named(queue);
    const paused = this.pauses.pause(queue);
    await Promise.all([paused, this.sharedPauses?.note(names, true)]);
  }

  resume(queue: string | undefined): void {
    const names = this.pauses.named(queue);
    this.pauses.resume(queue);
    void this.sharedPauses?.note(names, false);
  }

  private createSharedPauses(): SharedPauses | undefined {
    const { pauses, logger, inbox } = this;
    const { sharedPauses, prefix, service } = this.options;
    const store = inbox?.store.steering;
    return sharedPauses && store ? new SharedPauses({ store, scope: prefix + service, pauses, logger }) : undefined;
  }

  private createInbox(): ServerInbox | undefined {
    const { inbox } = this.options;
    if (!inbox) return undefined;
    return new ServerInbox({
      ...inbox,
      logger: this.logger,
      onFault: (queue, error) => this.state.onFault('inbox', queue, error),
      onRecovery: queue => {
        this.state.onRecovery('inbox', queue);
        this.running.find(({ name }) => name === queue)?.wake();
      },
    });
  }
}
