import { Controller, type Type } from '@nestjs/common';
import { OnCommand, OnDomainEvent } from 'nestjs-sns-sqs';

/** A service with one use case and one command, and how many events it has handled since it was made. */
export interface Notifications {
  controller: Type;
  handled: number;
}

/** Takes `user.registered` in `send-email-on-user-registered`, and the command `send-welcome-email`. */
export function notifications(): Notifications {
  @Controller()
  class NotificationsController {
    @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
    registered(): void {
      service.handled += 1;
    }

    @OnCommand('send-welcome-email')
    send(): void {}
  }
  const service = { controller: NotificationsController, handled: 0 };
  return service;
}
