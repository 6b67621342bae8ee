import { Inject, Injectable } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { ClientSNS, InjectCommands, SnsRecordBuilder, SqsRecordBuilder } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';

export interface UserFact {
  id: string;
  version: number;
}

/** What this service tells the others: events on its topic, commands to `notifications` and to itself. */
@Injectable()
export class UserPublisher {
  constructor(
    @Inject(ClientSNS) private readonly events: ClientProxy,
    @InjectCommands('notifications') private readonly notifications: ClientProxy,
    @InjectCommands('users') private readonly users: ClientProxy,
  ) {}

  registered(user: UserFact & { email: string; name: string }): Promise<void> {
    return this.announce('user.registered', user);
  }

  emailChanged(user: UserFact & { email: string; previousEmail: string }): Promise<void> {
    return this.announce('user.email-changed', user);
  }

  deleted(user: UserFact): Promise<void> {
    return this.announce('user.deleted', user);
  }

  /** Another service's command: `notifications` sends this user nothing more. */
  async cancelMails(userId: string): Promise<void> {
    await lastValueFrom(this.notifications.emit('cancel-user-mails', command(userId)));
  }

  /** A command to this very service, carried out later and in order with the user's other commands. */
  async deactivate(userId: string): Promise<void> {
    await lastValueFrom(this.users.emit('deactivate-user', command(userId)));
  }

  private async announce(type: string, user: UserFact): Promise<void> {
    const record = new SnsRecordBuilder(user).setSubject(user.id).setSequence(user.version).build();
    await lastValueFrom(this.events.emit(type, record));
  }
}

/**
 * No deduplication id but the event's own: a deletion that was rolled back and is repeated within five minutes must
 * send its commands again, and their handlers bear it.
 */
const command = (userId: string) => new SqsRecordBuilder({ userId }).setGroupId(userId).build();
