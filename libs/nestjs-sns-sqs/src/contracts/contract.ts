import type { StandardSchemaV1 } from '@standard-schema/spec';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { SQS_TRANSPORT } from '../constants.js';
import { nameThrough } from '../decorators/name-through.js';
import { announcePart } from '../events/app-parts.js';
import type { ConfiguredName, SqsHandlerExtras } from '../interfaces/handler-extras.interface.js';
import type { BatchOptions, HandlerOptions } from '../interfaces/handler-options.interface.js';
import type { ConsumerOptions } from '../interfaces/options.interface.js';
import { consumerQueue, domainEventsTopic } from '../topology/names.js';
import type { InputOf, OutputOf, RequestShapes, Shape, Shapes } from './shapes.js';
import { typedEmitter, type EmittingClient, type TypedEmitter } from './typed-emitter.js';
import { typedSender, type SendingClient, type TypedSender } from './typed-sender.js';

/** A method decorator that fits methods whose first parameter takes `T`, and that return an `R`. */
export type HandlerDecorator<T, R = unknown> = <Method extends (payload: T, ...rest: never[]) => R>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/** The values that the handler of a request may return. */
export type Answer<T> = T | Promise<T> | Observable<T> | Promise<Observable<T>>;

type Decorate = <M>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<M>) => void;

export interface OnContractEventOptions extends HandlerOptions {
  /** The reaction of this handler, e.g. `send-email`; with the event it names the queue. */
  useCase: ConfiguredName;
  /** @default `<useCase>-on-<event>` */
  queue?: ConfiguredName | undefined;
  /**
   * Names that the queue had before, oldest first. The handler also takes the messages of these queues. @default none
   */
  formerly?: readonly ConfiguredName[] | undefined;
  /** The `transportId` of the one server that takes it, where an app has several. @default SQS_TRANSPORT */
  transport?: symbol | undefined;
}

/** Of the decorator of requests. */
export interface OnContractRequestOptions extends ConsumerOptions {
  /** The `transportId` of the one server whose handler it is, where an app has several. @default SQS_TRANSPORT */
  transport?: symbol | undefined;
}

/** Of the decorator of commands. */
export interface OnContractOptions extends OnContractRequestOptions, HandlerOptions {}

/** The first parameter of a handler: with `batch` it takes an array. */
export type PayloadOf<T, Options> = Options extends { batch: BatchOptions } ? T[] : T;

const schemaOf = (shape: Shape | undefined): StandardSchemaV1 | undefined =>
  shape !== undefined && '~standard' in shape ? shape : undefined;

function asMethodDecorator(decorate: MethodDecorator): Decorate {
  return (target, key, descriptor) => {
    decorate(target, key, descriptor);
  };
}

const on = (pattern: string, extras: SqsHandlerExtras, transport: symbol = SQS_TRANSPORT): Decorate =>
  asMethodDecorator(EventPattern<string>(pattern, transport, { ...extras }));

/**
 * The events that a service publishes, the commands that it accepts and the requests that it answers, with types.
 * Publishers, handlers and callers share this one object. Made by {@link defineContract}.
 *
 * @example
 * ```ts
 * const users = defineContract('users', { events: { 'user.registered': typed<{ id: string }>() } });
 * ```
 */
export class Contract<
  Events extends Shapes,
  Commands extends Shapes,
  Requests extends RequestShapes = Record<never, never>,
> {
  constructor(
    readonly service: string,
    private readonly eventShapes: Events,
    private readonly commandShapes: Commands,
    private readonly requestShapes: Requests,
  ) {
    announcePart({ kind: 'contract', service, events: eventShapes, commands: commandShapes, requests: requestShapes });
  }

  /** `client.emit` with the events' types; with a schema, data that does not fit is rejected and not published. */
  events(client: EmittingClient): TypedEmitter<Events> {
    return typedEmitter(client, this.eventShapes);
  }

  /** `client.emit` with the commands' types. */
  commands(client: EmittingClient): TypedEmitter<Commands> {
    return typedEmitter(client, this.commandShapes);
  }

  /** `client.send` with the types of the requests and their replies; with a schema, both are checked. */
  requests(client: SendingClient): TypedSender<Requests> {
    return typedSender(client, this.requestShapes);
  }

  /** `@OnDomainEvent` with the event's type; with a schema, what does not fit goes to the dead letter queue. */
  OnEvent<Name extends keyof Events & string, Options extends OnContractEventOptions>(
    event: Name,
    options: Options,
  ): HandlerDecorator<PayloadOf<OutputOf<Events[Name]>, Options>> {
    const {
      useCase,
      queue = nameThrough(useCase, 'useCase', name => consumerQueue(name, event)),
      transport,
      ...own
    } = options;
    const schema = withSchema(schemaOf(this.eventShapes[event]));
    return on(event, { ...own, topic: domainEventsTopic(this.service), queue, ...schema }, transport);
  }

  /** `@OnCommand` with the command's type; for the service itself. */
  OnCommand<Name extends keyof Commands & string, Options extends OnContractOptions = OnContractOptions>(
    command: Name,
    options?: Options,
  ): HandlerDecorator<PayloadOf<OutputOf<Commands[Name]>, Options>> {
    const { transport, ...own }: OnContractOptions = options ?? {};
    return on(command, { ...own, ...withSchema(schemaOf(this.commandShapes[command])) }, transport);
  }

  /**
   * `@MessagePattern` with the types of the request and its reply; for the service itself. With a schema, what does not
   * fit is answered with an error: a request is not handled, an item of the reply is not sent.
   */
  OnRequest<Name extends keyof Requests & string>(
    request: Name,
    { transport = SQS_TRANSPORT, ...own }: OnContractRequestOptions = {},
  ): HandlerDecorator<OutputOf<Requests[Name]['request']>, Answer<InputOf<Requests[Name]['reply']>>> {
    const shape = this.requestShapes[request];
    const replySchema = schemaOf(shape?.reply);
    const extras = { ...own, ...withSchema(schemaOf(shape?.request)), ...(replySchema && { replySchema }) };
    return asMethodDecorator(MessagePattern<string>(request, transport, extras));
  }
}

const withSchema = (schema: StandardSchemaV1 | undefined): SqsHandlerExtras => (schema ? { schema } : {});

/**
 * `defineContract('users', { events: { 'user.registered': z.object({ … }) }, commands: { 'deactivate-user': typed<X>() },
 * requests: { 'count-users': { request: typed<Filter>(), reply: z.number() } } })`
 *
 * @example
 * ```ts
 * const users = defineContract('users', { events: { 'user.registered': typed<{ id: string }>() } });
 *
 * @Controller()
 * class Emails {
 *   @users.OnEvent('user.registered', { useCase: 'send-email' })
 *   sendEmail(@Payload() user: { id: string }): void {}
 * }
 * ```
 */
export function defineContract<
  Events extends Shapes = Record<never, never>,
  Commands extends Shapes = Record<never, never>,
  Requests extends RequestShapes = Record<never, never>,
>(
  service: string,
  shapes: { events?: Events; commands?: Commands; requests?: Requests },
): Contract<Events, Commands, Requests> {
  const { events = {} as Events, commands = {} as Commands, requests = {} as Requests } = shapes;
  return new Contract(service, events, commands, requests);
}
