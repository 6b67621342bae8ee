import { Injectable, Logger, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { SqsContext } from 'nestjs-sns-sqs';
import { tap, type Observable } from 'rxjs';

/** One line for each message that was handled; HTTP requests pass without one. */
@Injectable()
export class LogMessagesInterceptor implements NestInterceptor {
  private readonly logger = new Logger('messages');

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (execution.getType() !== 'rpc') return next.handle();
    const context: SqsContext = execution.switchToRpc().getContext();
    const what = `${context.getPattern()} from ${context.getQueue()}, attempt ${context.getAttempt()}`;
    return next.handle().pipe(tap({ complete: () => this.logger.log(`handled ${what}`) }));
  }
}
