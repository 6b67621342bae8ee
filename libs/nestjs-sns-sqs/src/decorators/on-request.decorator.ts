import { MessagePattern } from '@nestjs/microservices';
import { SQS_TRANSPORT } from '../constants.js';
import type { ConsumerOptions } from '../interfaces/options.interface.js';

export interface OnRequestOptions extends ConsumerOptions {
  /** The `transportId` of the one server that answers it, where an app has several. @default SQS_TRANSPORT */
  transport?: symbol | undefined;
}

/**
 * Answers a request that `ClientSQS.send()` sends to this service. Short for `@MessagePattern(request, SQS_TRANSPORT)`.
 * All commands and requests of a service share one queue, and so the options given here.
 *
 * @example
 * ```ts
 * @Controller()
 * class Sums {
 *   @OnRequest('sum', { handlerTimeoutMs: 5_000 })
 *   sum(@Payload() numbers: number[]): number {
 *     return numbers.reduce((total, each) => total + each, 0);
 *   }
 * }
 * ```
 */
export function OnRequest(
  request: string,
  { transport = SQS_TRANSPORT, ...options }: OnRequestOptions = {},
): MethodDecorator {
  return MessagePattern<string>(request, transport, { ...options });
}
