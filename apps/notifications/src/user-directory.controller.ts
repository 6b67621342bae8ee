import { Controller, Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { OnDomainEvent, SqsContext, type OnDomainEventOptions } from 'nestjs-sns-sqs';
import { UnitOfWork } from './database/unit-of-work.js';
import { UserDeleted, UserEmailChanged, UserRegistered } from './messages.dto.js';
import { UserDirectory } from './user-directory.js';

/**
 * All events of a user in one queue, since order is kept within a queue only. `users` counts a user's versions from 1
 * without gaps; an event that is missing for half an hour, longer than a backlog takes, was never announced, and the
 * others go on without it.
 */
const DIRECTORY: OnDomainEventOptions = {
  from: 'users',
  useCase: 'user-directory',
  queue: 'user-directory-on-user-events',
  ordering: 'sequential',
  startAt: 1,
  gapTimeoutMs: 1_800_000,
  onGapTimeout: 'proceed',
};

@Controller()
export class UserDirectoryController {
  constructor(
    @Inject(UserDirectory) private readonly directory: UserDirectory,
    @Inject(UnitOfWork) private readonly unit: UnitOfWork,
  ) {}

  @OnDomainEvent('user.registered', DIRECTORY)
  registered(@Payload() { id, email, name, version }: UserRegistered, @Ctx() context: SqsContext): Promise<void> {
    return this.unit.run(context, tx => this.directory.add(tx, id, { email, name, version }));
  }

  @OnDomainEvent('user.email-changed', DIRECTORY)
  emailChanged(@Payload() { id, email, version }: UserEmailChanged, @Ctx() context: SqsContext): Promise<void> {
    return this.unit.run(context, tx => this.directory.move(tx, id, email, version));
  }

  @OnDomainEvent('user.deleted', DIRECTORY)
  deleted(@Payload() { id, version }: UserDeleted, @Ctx() context: SqsContext): Promise<void> {
    return this.unit.run(context, tx => this.directory.remove(tx, id, version));
  }
}
