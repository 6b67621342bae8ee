import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { SnsSqsModule } from 'nestjs-sns-sqs';
import { PostgresOutbox } from 'nestjs-sns-sqs/postgres';
import { DatabaseModule } from '../../shared/database.module.js';
import { inbox } from '../../shared/inbox.js';
import { provisioning } from '../../shared/provisioning.js';
import { TelemetryModule } from '../../shared/telemetry.module.js';
import { HealthController } from './health.controller.js';
import { UserPublisher } from './users/user-publisher.js';
import { UsersController } from './users/users.controller.js';
import { UsersMessagesController } from './users/users.messages.controller.js';
import { UsersService } from './users/users.service.js';

const database = DatabaseModule.forService('users');

@Module({
  imports: [
    database,
    TerminusModule.forRoot({ logger: false }),
    TelemetryModule.forService('users'),
    SnsSqsModule.forRootAsync({
      imports: [database],
      inject: [PostgresOutbox],
      useFactory: (outbox: PostgresOutbox) => ({
        service: 'users',
        prefix: process.env['QUEUE_PREFIX'] ?? '',
        provisioning: provisioning(),
        inbox: inbox(),
        outbox,
      }),
    }),
    SnsSqsModule.forFeature({ commandsTo: ['notifications', 'users'] }),
  ],
  controllers: [UsersController, UsersMessagesController, HealthController],
  providers: [UsersService, UserPublisher],
})
export class UsersModule {}
