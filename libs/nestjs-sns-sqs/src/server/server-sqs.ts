import type { BeforeApplicationShutdown, OnModuleDestroy } from '@nestjs/common';
import { Server, type CustomTransportStrategy, type MessageHandler, type MsPattern } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { abortController } from '../async/abort.js';
import { SQS_TRANSPORT } from '../constants.js';
import type { SqsContext } from '../ctx-host/sqs.context.js';
import { OneLineLogger } from '../logging/one-line-logger.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { SqsHandlerExtras } from '../interfaces/handler-extras.interface.js';
import type { ServerSQSOptions } from '../interfaces/options.interface.js';
import { guardedStatus } from '../events/guarded-status.js';
import { observeServer } from '../events/observed-parts.js';
import { callUserCode } from '../events/user-code.js';
import type { InboxCounts } from '../inbox/admission.js';
import { resolveHandlerNames } from '../options/handler-names.js';
import { announceService } from '../options/own-service.js';
import { resolveServerOptions, type ResolvedServerOptions } from '../options/server-options.js';
import { queueOfHandler } from '../topology/build-topology.js';
import type { TopologyWatch } from '../topology/topology-watch.js';
import { createServerAws, type ServerAws } from './server-aws.js';
import { ServerInbox } from './server-inbox.js';
import { routeOf } from './handle/pattern-route.js';
import { betweenHooks, type NestHooks } from './handle/between-hooks.js';
import { noteOutcomesBeforeFilters } from './handle/outcomes-before-filters.js';
import { keepOriginalErrors } from './handle/original-errors.js';
import { watchHandlersBehindInterceptors } from './handle/watch-handlers.js';
import { healthOf, type ServerHealth } from './health.js';
import type { QueueConsumer } from './queue-consumer.js';
import { ServerObservation } from './server-observation.js';
import { ServerState, type SqsServerEvents, type SqsServerStatus } from './server-state.js';
import { startConsumers } from './start-consumers.js';
import { HAS_INTAKE, stopIntakeWithTheApp, type HasIntake } from './stop-intake-with-app.js';
import { finishesWithin } from '../async/finishes-within.js';
import { Pauses } from './steer/pauses.js';

interface Declared {
  pattern: string;
  handler: MessageHandler;
  extras: SqsHandlerExtras;
}

/**
 * The server side of the transport: `NestFactory.createMicroservice(Module, { strategy: new ServerSQS({ service }) })`.
 * Provisions what its handlers need, polls their queues, runs each message through Nest's pipeline and settles it.
 *
 * @example
 * ```ts
 * const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
 *   strategy: new ServerSQS({ service: 'notifications' }),
 * });
 * app.enableShutdownHooks();
 * await app.listen();
 * ```
 */
export class ServerSQS
  extends Server<SqsServerEvents, SqsServerStatus>
  implements CustomTransportStrategy, OnModuleDestroy, BeforeApplicationShutdown, HasIntake
{
  override readonly transportId: symbol;
  readonly [HAS_INTAKE] = true;
  protected override readonly logger = new OneLineLogger(ServerSQS.name);
  private readonly options: ResolvedServerOptions;
  private readonly declared: Declared[] = [];
  private readonly withdraw: () => void;
  private readonly starting = abortController();
  private consumers: QueueConsumer[] = [];
  private readonly observation = new ServerObservation({
    consumers: () => this.consumers,
    health: () => this.health(),
    plane: () => this.aws?.sqsControlPlane,
  });
  private unobserve: (() => void) | undefined;
  private watch: TopologyWatch | undefined;
  private aws: ServerAws | undefined;
  private readonly state: ServerState;
  private started: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  private isIntakeStopped = false;
  private readonly inbox: ServerInbox | undefined;
  private readonly pauses: Pauses;
  /** It only calls `done`, so it need not be called. */
  private readonly nestsStartHook = this.onProcessingStartHook;

  /** Throws INVALID_OPTIONS with every problem of the options. */
  constructor(options: ServerSQSOptions) {
    super();
    this.options = resolveServerOptions(options);
    this.transportId = this.options.transportId ?? SQS_TRANSPORT;
    this.withdraw = announceService(this.options.service);
    this.state = new ServerState({
      service: this.options.service,
      logger: this.logger,
      onChange: status => this._status$.next(status),
    });
    this.inbox = this.createInbox();
    this.pauses = new Pauses({
      prefix: this.options.prefix,
      queues: () =>
        resolveHandlerNames(this.declared, this.options).map(({ extras }) => queueOfHandler(extras, this.options)),
      consumers: () => this.consumers,
      logger: this.logger,
    });
    keepOriginalErrors();
    noteOutcomesBeforeFilters();
    stopIntakeWithTheApp();
    watchHandlersBehindInterceptors();
    // Nest 12.0.2+: we await the handler's stream and report its failure, so Nest must not log it as unhandled.
    (this as { propagatesEventHandlerErrors?: boolean }).propagatesEventHandlerErrors = true;
    this._status$.next('idle');
  }

  /** Keeps every handler by itself: Nest's own map would chain those of one pattern and run them as one. */
  override addHandler(
    pattern: MsPattern,
    handler: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    handler.isEventHandler = isEventHandler;
    handler.extras = extras;
    const route = routeOf(pattern, this.normalizePattern(pattern));
    this.declared.push({ pattern: route, handler, extras });
    if (!this.messageHandlers.has(route)) this.messageHandlers.set(route, handler);
  }

  /** Calls back once every queue is being polled, or with the one error that stopped the start. */
  listen(callback: (error?: unknown) => void): void {
    this.started ??= this.start();
    void this.report(this.started, callback);
  }

  /**
   * Stops: no new receive, no new handler; what runs may finish within `shutdownTimeoutMs`; the rest becomes visible
   * again. Idempotent, and possible in any state.
   */
  close(): Promise<void> {
    this.closing ??= this.stop();
    return this.closing;
  }

  /**
   * From now on no message is received and no handler begins; messages that were not started are visible again at once.
   * Running handlers continue, and their messages are settled; `close()` waits for it. Called when the
   * `onModuleDestroy` hooks of the app begin. Idempotent.
   */
  stopIntake(): void {
    if (this.isIntakeStopped || this.closing) return;
    this.isIntakeStopped = true;
    this.starting.abort();
    if (this.state.isPolling) this.state.change('draining');
    for (const consumer of this.consumers) consumer.stopIntake();
  }

  /**
   * Receives nothing from a queue until {@link resume}: messages that it holds and has not started are visible again at
   * once, handlers that run go on. Resolves when they have ended. A queue that is paused leaves the server up. May be
   * called before `listen()`. It concerns this process only.
   * @param queue its name, with or without prefix @default all queues
   * @throws {SnsSqsError} INVALID_NAME: no handler consumes such a queue
   * @example await server.pause('send-email-on-user-registered');
   */
  async pause(queue?: string): Promise<void> {
    await this.pauses.pause(queue);
  }

  /** Receives again what {@link pause} has stopped. @throws {SnsSqsError} INVALID_NAME: no handler consumes such a queue */
  resume(queue?: string): void {
    this.pauses.resume(queue);
  }

  /** Nest's hook, where the server is a provider and its app does not stop the intake itself. */
  onModuleDestroy(): void {
    this.stopIntake();
  }

  /**
   * Nest's hook, where the server is a provider. Nest itself closes it after the last HTTP request has its answer, and
   * until then messages would be taken that others could handle.
   */
  beforeApplicationShutdown(): void {
    // What it rejects with, Nest's own call of close() tells.
    this.close().catch(() => undefined);
  }

  /** The states of the server: see {@link SqsServerStatus}. The current one comes first; a subscriber that throws is logged. */
  override get status(): Observable<SqsServerStatus> {
    return guardedStatus(super.status, this.logger);
  }

  on<EventKey extends keyof SqsServerEvents>(event: EventKey, callback: SqsServerEvents[EventKey]): this {
    this.state.on(event, callback);
    return this;
  }

  /** The SDK clients in use, once `listen()` was called. */
  unwrap<T = { sqs: SQSClient; sns: SNSClient }>(): T {
    if (!this.aws) throw new SnsSqsError('SERVER_CLOSED', 'unwrap() has nothing to give before listen()');
    return { sqs: this.aws.sqs, sns: this.aws.sns } as T;
  }

  /** By full queue name, what the inbox did since the start; queues without it are left out. */
  inboxCounts(): Record<string, InboxCounts> {
    const counted = this.consumers.flatMap(({ name, inboxCounts }) => (inboxCounts ? [[name, inboxCounts]] : []));
    return Object.fromEntries(counted) as Record<string, InboxCounts>;
  }

  /**
   * Whether the server handles messages now, as a whole and by queue, with what each queue holds. Plain data, for a
   * readiness probe; no call is made.
   */
  health(): ServerHealth {
    const { state, consumers, options } = this;
    const { faults } = state;
    return healthOf({
      state: state.current,
      isPolling: state.isPolling && !this.isEnding,
      queues: consumers.map(each => ({
        name: each.name,
        concurrency: each.concurrency,
        snapshot: each.snapshot(),
        heldFor: each.heldFor,
      })),
      receiveFaults: faults.receives,
      inboxFaults: this.inbox && faults.inbox,
      inboxIsNeeded: options.inbox && options.inbox.onUnavailable === 'wait',
    });
  }

  /** Full names of queues whose poll loop has not moved for longer, in milliseconds: for a liveness probe. No call is made. */
  stalledQueues(afterMs: number): string[] {
    return this.observation.stalledQueues(afterMs);
  }

  /**
   * By full queue name, the messages in its dead-letter queue, about. One call for each queue, which needs
   * `sqs:GetQueueAttributes`. Rejects with what AWS answered. Empty before the start.
   */
  deadLetters(): Promise<Record<string, number>> {
    return this.observation.deadLetters();
  }

  private async report(start: Promise<void>, callback: (error?: unknown) => void): Promise<void> {
    let failure: { error: unknown } | undefined;
    await start.catch((error: unknown) => {
      failure = { error };
    });
    if (failure) callback(failure.error);
    else callback();
  }

  private async start(): Promise<void> {
    if (this.isEnding)
      throw new SnsSqsError('SERVER_CLOSED', 'listen() was called after close(): make a new ServerSQS');
    this.state.change('provisioning');
    try {
      this.aws = createServerAws(this.options);
      const started = await startConsumers({
        options: this.options,
        declared: this.declared,
        aws: this.aws,
        logger: this.logger,
        signal: this.starting.signal,
        inbox: this.inbox,
        hooks: (context, work, timeoutMs) => this.withHooks(context, work, timeoutMs),
        onFault: (queue, error) => this.state.onFault('receives', queue, error),
        onRecovery: queue => this.state.onRecovery('receives', queue),
      });
      this.consumers = started.consumers;
      this.watch = started.watch;
      this.pauses.apply();
      if (this.isEnding) throw new SnsSqsError('SERVER_CLOSED', 'close() was called while the server was starting');
      this.state.change('polling');
      await this.inbox?.check();
      if (this.isEnding) throw new SnsSqsError('SERVER_CLOSED', 'close() was called while the server was starting');
      for (const consumer of this.consumers) consumer.start();
      this.watch.start();
      this.unobserve = observeServer(this.observation);
    } catch (error) {
      await Promise.all(this.consumers.map(consumer => consumer.stop(0)));
      this.aws?.destroy();
      await this.inbox?.close();
      if (!this.closing) this.state.change('closed');
      throw error;
    }
  }

  /** True: `close()` was called, or is about to be. */
  private get isEnding(): boolean {
    return this.isIntakeStopped || this.closing !== undefined;
  }

  private async stop(): Promise<void> {
    if (this.state.current !== 'draining') this.state.change('draining');
    this.starting.abort();
    this.watch?.stop();
    this.unobserve?.();
    // A start that was cut off has reported its error to listen's caller already.
    const { shutdownTimeoutMs } = this.options;
    // One that AWS does not answer ends with its clients.
    if (this.started)
      await finishesWithin(
        this.started.catch(() => undefined),
        shutdownTimeoutMs,
      );
    await Promise.all(this.consumers.map(consumer => consumer.stop(shutdownTimeoutMs)));
    this.aws?.destroy();
    await this.inbox?.close();
    this.withdraw();
    this.state.change('closed');
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
        this.consumers.find(({ name }) => name === queue)?.wake();
      },
    });
  }

  private withHooks(context: SqsContext, work: () => Promise<void>, timeoutMs: number): Promise<void> {
    const areSet = this.onProcessingStartHook !== this.nestsStartHook || this.onProcessingEndHook;
    return areSet ? betweenHooks(this.nestHooks, context, work, timeoutMs) : work();
  }

  private readonly nestHooks: NestHooks = {
    start: (context, done) => this.onProcessingStartHook?.(this.transportId, context, done),
    end: context =>
      callUserCode('The processing end hook', () => this.onProcessingEndHook?.(this.transportId, context), this.logger),
    onThrown: error => callUserCode('The processing start hook', () => Promise.reject(error), this.logger),
  };
}
