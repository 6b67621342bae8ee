import { Controller, Logger } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { OnDomainEvent, type SqsBatchContext } from 'nestjs-sns-sqs';

/** Every event of `users` in a log, many with one write. */
@Controller()
export class AuditController {
  private readonly logger = new Logger('audit');

  @OnDomainEvent('user.*', {
    from: 'users',
    useCase: 'audit',
    queue: 'audit-on-user-events',
    batch: { size: 100, windowMs: 500 },
  })
  write(@Payload() events: unknown[], @Ctx() contexts: SqsBatchContext): void {
    const entries = contexts.map(context => `${context.getPattern()} ${context.getMetadata().subject ?? ''}`);
    this.logger.log(`${events.length} of users: ${entries.join(', ')}`);
  }
}
