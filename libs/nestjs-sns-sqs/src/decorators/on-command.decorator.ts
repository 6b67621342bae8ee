import { EventPattern } from '@nestjs/microservices';
import { SQS_TRANSPORT } from '../constants.js';

/** Carries out an async command from this service's own FIFO command queue. Short for `@EventPattern(command, SQS_TRANSPORT)`. */
export function OnCommand(command: string): MethodDecorator {
  return EventPattern<string>(command, SQS_TRANSPORT);
}
