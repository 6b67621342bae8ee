import { Inject, Injectable } from '@nestjs/common';
import { ClientSNS, ClientSQS, InjectCommands, SnsRecordBuilder, SqsRecordBuilder } from 'nestjs-sns-sqs';
import { fromDrizzle, type DrizzleTransaction } from 'nestjs-sns-sqs/postgres';
import { lastValueFrom } from 'rxjs';

export interface UserFact {
  id: string;
  version: number;
}

/**
 * What this service tells the others: events on its topic, commands to `notifications` and to itself. All of it goes
 * through the outbox: a row of the transaction `tx`, sent after its commit.
 */
@Injectable()
export class UserPublisher {
  constructor(
    @Inject(ClientSNS) private readonly events: ClientSNS,
    @InjectCommands('notifications') private readonly notifications: ClientSQS,
    @InjectCommands('users') private readonly users: ClientSQS,
  ) {}

  registered(tx: DrizzleTransaction, user: UserFact & { email: string; name: string }): Promise<void> {
    return this.announce(tx, 'user.registered', user);
  }

  emailChanged(tx: DrizzleTransaction, user: UserFact & { email: string; previousEmail: string }): Promise<void> {
    return this.announce(tx, 'user.email-changed', user);
  }

  deleted(tx: DrizzleTransaction, user: UserFact): Promise<void> {
    return this.announce(tx, 'user.deleted', user);
  }

  /** Another service's command: `notifications` sends this user nothing more. */
  async cancelMails(tx: DrizzleTransaction, userId: string): Promise<void> {
    await lastValueFrom(this.notifications.within(fromDrizzle(tx)).emit('cancel-user-mails', command(userId)));
  }

  /** A command to this very service, carried out later and in order with the user's other commands. */
  async deactivate(tx: DrizzleTransaction, userId: string): Promise<void> {
    await lastValueFrom(this.users.within(fromDrizzle(tx)).emit('deactivate-user', command(userId)));
  }

  private async announce(tx: DrizzleTransaction, type: string, user: UserFact): Promise<void> {
    const record = new SnsRecordBuilder(user).setSubject(user.id).setSequence(user.version).build();
    await lastValueFrom(this.events.within(fromDrizzle(tx)).emit(type, record));
  }
}

const command = (userId: string) => new SqsRecordBuilder({ userId }).setGroupId(userId).build();
