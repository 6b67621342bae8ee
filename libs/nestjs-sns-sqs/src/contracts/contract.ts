import type { StandardSchemaV1 } from '@standard-schema/spec';
import { EventPattern } from '@nestjs/microservices';
import { SQS_TRANSPORT } from '../constants.js';
import type { SqsHandlerExtras } from '../interfaces/handler-extras.interface.js';
import { consumerQueue, domainEventsTopic } from '../topology/names.js';
import type { OutputOf, Shape, Shapes } from './shapes.js';
import { typedEmitter, type EmittingClient, type TypedEmitter } from './typed-emitter.js';

/** A method decorator that fits methods whose first parameter takes `T`. */
export type HandlerDecorator<T> = <Method extends (payload: T, ...rest: never[]) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

export interface OnContractEventOptions {
  /** What this handler does with it, e.g. `send-email`; with the event it names the queue. */
  useCase: string;
  /** @default `<useCase>-on-<event>` */
  queue?: string;
}

const schemaOf = (shape: Shape | undefined): StandardSchemaV1 | undefined =>
  shape !== undefined && '~standard' in shape ? shape : undefined;

function on(
  pattern: string,
  extras: SqsHandlerExtras,
): <M>(t: object, k: string | symbol, d: TypedPropertyDescriptor<M>) => void {
  const decorate = EventPattern<string>(pattern, SQS_TRANSPORT, { ...extras });
  return (target, key, descriptor) => {
    decorate(target, key, descriptor);
  };
}

/**
 * What a service announces and what it can be ordered, with types: one place for its own publishers, for those who
 * react to it and for those who command it. Made by {@link defineContract}.
 */
export class Contract<Events extends Shapes, Commands extends Shapes> {
  constructor(
    readonly service: string,
    private readonly eventShapes: Events,
    private readonly commandShapes: Commands,
  ) {}

  /** `client.emit` with the events' types; with a schema, data that does not fit is rejected and not published. */
  events(client: EmittingClient): TypedEmitter<Events> {
    return typedEmitter(client, this.eventShapes);
  }

  /** `client.emit` with the commands' types. */
  commands(client: EmittingClient): TypedEmitter<Commands> {
    return typedEmitter(client, this.commandShapes);
  }

  /** `@OnDomainEvent` with the event's type; with a schema, what does not fit goes to the dead letter queue. */
  OnEvent<Name extends keyof Events & string>(
    event: Name,
    { useCase, queue = consumerQueue(useCase, event) }: OnContractEventOptions,
  ): HandlerDecorator<OutputOf<Events[Name]>> {
    return on(event, {
      topic: domainEventsTopic(this.service),
      queue,
      ...withSchema(schemaOf(this.eventShapes[event])),
    });
  }

  /** `@OnCommand` with the command's type; for the service itself. */
  OnCommand<Name extends keyof Commands & string>(command: Name): HandlerDecorator<OutputOf<Commands[Name]>> {
    return on(command, withSchema(schemaOf(this.commandShapes[command])));
  }
}

const withSchema = (schema: StandardSchemaV1 | undefined): SqsHandlerExtras => (schema ? { schema } : {});

/**
 * `defineContract('users', { events: { 'user.registered': z.object({ … }) }, commands: { 'deactivate-user': typed<X>() } })`
 */
export function defineContract<
  Events extends Shapes = Record<never, never>,
  Commands extends Shapes = Record<never, never>,
>(service: string, shapes: { events?: Events; commands?: Commands }): Contract<Events, Commands> {
  return new Contract(service, shapes.events ?? ({} as Events), shapes.commands ?? ({} as Commands));
}
