import { EventPattern } from '@nestjs/microservices';
import { SQS_TRANSPORT } from '../constants.js';

export interface OnCommandOptions {
  /** The `transportId` of the one server that carries it out, where an app has several. @default SQS_TRANSPORT */
  transport?: symbol | undefined;
}

/**
 * Carries out an async command from this service's own FIFO command queue. Short for `@EventPattern(command, SQS_TRANSPORT)`.
 *
 * @example
 * ```ts
 * @Controller()
 * class Emails {
 *   @OnCommand('send-welcome-email')
 *   sendWelcomeEmail(@Payload() command: { userId: string }): void {}
 * }
 * ```
 */
export function OnCommand(command: string, { transport = SQS_TRANSPORT }: OnCommandOptions = {}): MethodDecorator {
  return EventPattern<string>(command, transport);
}
