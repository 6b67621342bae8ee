import { EventPattern } from '@nestjs/microservices';
import { SQS_TRANSPORT } from '../constants.js';
import type { HandlerOptions } from '../interfaces/handler-options.interface.js';

export interface OnCommandOptions extends HandlerOptions {
  /** The `transportId` of the one server that carries it out, where an app has several. @default SQS_TRANSPORT */
  transport?: symbol | undefined;
}

/**
 * Carries out an async command from this service's own FIFO command queue. Short for `@EventPattern(command, SQS_TRANSPORT)`.
 * All commands and requests of a service share that queue, and so the options given here.
 *
 * @example
 * ```ts
 * @Controller()
 * class Emails {
 *   @OnCommand('send-welcome-email', { handlerTimeoutMs: 10_000 })
 *   sendWelcomeEmail(@Payload() command: { userId: string }): void {}
 * }
 * ```
 */
export function OnCommand(
  command: string,
  { transport = SQS_TRANSPORT, ...options }: OnCommandOptions = {},
): MethodDecorator {
  return EventPattern<string>(command, transport, { ...options });
}
