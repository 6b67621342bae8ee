import type { BeforeApplicationShutdown, OnModuleDestroy } from '@nestjs/common';
import { Server, type CustomTransportStrategy, type MessageHandler, type MsPattern } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { SQS_TRANSPORT } from '../constants.js';
import type { SqsContext } from '../ctx-host/sqs.context.js';
import { OneLineLogger } from '../logging/one-line-logger.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { ServerSQSOptions } from '../interfaces/options.interface.js';
import { announcePart } from '../events/app-parts.js';
import { guardedStatus } from '../events/guarded-status.js';
import { callUserCode } from '../events/user-code.js';
import type { InboxCounts } from '../inbox/admission.js';
import { resolveServerOptions } from '../options/server-options.js';
import { pipeElementsOfBatches } from './handle/batch-pipes.js';
import { routeOf } from './handle/pattern-route.js';
import { betweenHooks, type NestHooks } from './handle/between-hooks.js';
import { noteOutcomesBeforeFilters } from './handle/outcomes-before-filters.js';
import { keepOriginalErrors } from './handle/original-errors.js';
import { watchHandlersBehindInterceptors } from './handle/watch-handlers.js';
import type { ServerHealth } from './health.js';
import type { DeclaredHandler } from './plan-consumers.js';
import { ServerRun } from './server-run.js';
import { ServerState, type SqsServerEvents, type SqsServerStatus } from './server-state.js';
import { HAS_INTAKE, stopIntakeWithTheApp, type HasIntake } from './stop-intake-with-app.js';

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
  private readonly handlers: DeclaredHandler[] = [];
  private readonly state: ServerState;
  private readonly run: ServerRun;
  /** It only calls `done`, so it need not be called. */
  private readonly nestsStartHook = this.onProcessingStartHook;

  /** Throws INVALID_OPTIONS with every problem of the options. */
  constructor(options: ServerSQSOptions) {
    super();
    const resolved = resolveServerOptions(options);
    const { logger, handlers } = this;
    this.transportId = resolved.transportId ?? SQS_TRANSPORT;
    this.state = new ServerState({
      service: resolved.service,
      logger,
      onChange: status => this._status$.next(status),
    });
    this.run = new ServerRun({
      options: resolved,
      handlers,
      hooks: (context, work, timeoutMs) => this.withHooks(context, work, timeoutMs),
      state: this.state,
      logger,
    });
    keepOriginalErrors();
    noteOutcomesBeforeFilters();
    stopIntakeWithTheApp();
    watchHandlersBehindInterceptors();
    pipeElementsOfBatches();
    // Nest 12.0.2+: we await the handler's stream and report its failure, so Nest must not log it as unhandled.
    (this as { propagatesEventHandlerErrors?: boolean }).propagatesEventHandlerErrors = true;
    this._status$.next('idle');
    announcePart({ kind: 'server', options: resolved, handlers: () => handlers, strategy: this });
  }

  /** Keeps every handler separate: Nest's own map would chain the handlers of one pattern and run them as one. */
  override addHandler(
    pattern: MsPattern,
    handler: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    handler.isEventHandler = isEventHandler;
    handler.extras = extras;
    const route = routeOf(pattern, this.normalizePattern(pattern));
    this.handlers.push({ pattern: route, handler, extras });
    if (!this.messageHandlers.has(route)) this.messageHandlers.set(route, handler);
  }

  /** Calls back once every queue is being polled, or with the one error that stopped the start. */
  listen(callback: (error?: unknown) => void): void {
    void this.report(this.run.start(), callback);
  }

  /**
   * Stops: no new receive, no new handler; what runs may finish within `shutdownTimeoutMs`; the rest becomes visible
   * again. Idempotent, and possible in any state.
   */
  close(): Promise<void> {
    return this.run.close();
  }

  /**
   * From now on no message is received and no handler begins; messages that were not started are visible again at once.
   * Running handlers continue, and their messages are settled; `close()` waits for it. Called when the
   * `onModuleDestroy` hooks of the app begin. Idempotent.
   */
  stopIntake(): void {
    this.run.stopIntake();
  }

  /**
   * Receives nothing from a queue until {@link resume}: messages that it holds and has not started are visible again at
   * once, running handlers continue. Resolves when they have ended. A queue that is paused leaves the server up. May be
   * called before `listen()`. The pause holds for this process only, unless the option `sharedPauses` is `true`.
   * @param queue its name, with or without prefix @default all queues
   * @throws {SnsSqsError} INVALID_NAME: no handler consumes such a queue
   * @example await server.pause('send-email-on-user-registered');
   */
  async pause(queue?: string): Promise<void> {
    await this.run.pause(queue);
  }

  /** Receives again what {@link pause} has stopped. @throws {SnsSqsError} INVALID_NAME: no handler consumes such a queue */
  resume(queue?: string): void {
    this.run.resume(queue);
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
    const { aws } = this.run;
    if (!aws) throw new SnsSqsError('SERVER_CLOSED', 'unwrap() has nothing to give before listen()');
    return { sqs: aws.sqs, sns: aws.sns } as T;
  }

  /** By full queue name, what the inbox did since the start; queues without it are left out. */
  inboxCounts(): Record<string, InboxCounts> {
    return this.run.observation.inboxCounts();
  }

  /**
   * Whether the server handles messages now, as a whole and by queue, with what each queue holds. Plain data, for a
   * readiness probe; no call is made.
   */
  health(): ServerHealth {
    return this.run.observation.health();
  }

  /** Full names of queues whose poll loop has not moved for longer, in milliseconds: for a liveness probe. No call is made. */
  stalledQueues(afterMs: number): string[] {
    return this.run.observation.stalledQueues(afterMs);
  }

  /**
   * By full queue name, the messages in its dead-letter queue, about. One call for each queue, which needs
   * `sqs:GetQueueAttributes`. Rejects with what AWS answered. Empty before the start.
   */
  deadLetters(): Promise<Record<string, number>> {
    return this.run.observation.deadLetters();
  }

  private async report(start: Promise<void>, callback: (error?: unknown) => void): Promise<void> {
    let failure: { error: unknown } | undefined;
    await start.catch((error: unknown) => {
      failure = { error };
    });
    if (failure) callback(failure.error);
    else callback();
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
