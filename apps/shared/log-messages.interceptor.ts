import { Injectable, Logger, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { tap, type Observable } from 'rxjs';

/** What the line needs of an `SqsContext`, or of the `SqsBatchContext` of a batch, which has a length and no attempt. */
interface HandledContext {
  readonly length?: number;
  getPattern(): string;
  getQueue(): string;
  getAttempt?(): number;
}

/** One line for each message or batch that was handled; HTTP requests pass without one. */
@Injectable()
export class LogMessagesInterceptor implements NestInterceptor {
  private readonly logger = new Logger('messages');

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (execution.getType() !== 'rpc') return next.handle();
    const context = execution.switchToRpc().getContext<HandledContext>();
    const how = context.getAttempt ? `attempt ${context.getAttempt()}` : `a batch of ${context.length}`;
    const what = `${context.getPattern()} from ${context.getQueue()}, ${how}`;
    return next.handle().pipe(tap({ complete: () => this.logger.log(`handled ${what}`) }));
  }
}
