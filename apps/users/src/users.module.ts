import { Module } from '@nestjs/common';
import { SnsSqsModule } from 'nestjs-sns-sqs';
import { inbox } from '../../shared/inbox.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthController } from './health.controller.js';
import { UserPublisher } from './users/user-publisher.js';
import { UsersController } from './users/users.controller.js';
import { UsersMessagesController } from './users/users.messages.controller.js';
import { UsersService } from './users/users.service.js';

@Module({
  imports: [
    DatabaseModule,
    SnsSqsModule.forRootAsync({
      useFactory: () => ({ service: 'users', prefix: process.env['QUEUE_PREFIX'] ?? '', inbox: inbox() }),
    }),
    SnsSqsModule.forFeature({ commandsTo: ['notifications', 'users'] }),
  ],
  controllers: [UsersController, UsersMessagesController, HealthController],
  providers: [UsersService, UserPublisher],
})
export class UsersModule {}
