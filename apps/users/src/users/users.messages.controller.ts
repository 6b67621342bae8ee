import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { IsUUID } from 'class-validator';
import { OnCommand, OnDomainEvent, RetryLater } from 'nestjs-sns-sqs';
import { UsersService } from './users.service.js';

class Registered {
  @IsUUID()
  id: string;
}

class AboutUser {
  @IsUUID()
  userId: string;
}

/** Queues: this service's own event, another service's event, and the commands to this service. */
@Controller()
export class UsersMessagesController {
  constructor(@Inject(UsersService) private readonly users: UsersService) {}

  @OnDomainEvent('user.registered', { from: 'users', useCase: 'create-default-preferences' })
  createDefaultPreferences(@Payload() user: Registered): Promise<void> {
    return this.users.createDefaultPreferences(user.id);
  }

  @OnDomainEvent('welcome-email.sent', { from: 'notifications', useCase: 'mark-user-welcomed' })
  markWelcomed(@Payload() mail: AboutUser): Promise<void> {
    return this.users.markWelcomed(mail.userId);
  }

  @OnCommand('deactivate-user')
  async deactivate(@Payload() { userId }: AboutUser): Promise<void> {
    const deactivated = await this.users.deactivate(userId);
    if (!deactivated) throw new RetryLater(1, `user ${userId} is not deleted (yet)`);
  }
}
