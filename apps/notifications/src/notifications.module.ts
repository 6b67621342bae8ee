import { Module } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { ClientSNS, ClientSQS } from 'nestjs-sns-sqs';
import { PostgresOutbox } from 'nestjs-sns-sqs/postgres';
import { DatabaseModule } from '../../shared/database.module.js';
import { provisioning } from '../../shared/provisioning.js';
import { TelemetryModule } from '../../shared/telemetry.module.js';
import { AuditController } from './audit.controller.js';
import { COMMANDS, EVENTS } from './clients.js';
import { UnitOfWork } from './database/unit-of-work.js';
import { MailCommandsController } from './mail-commands.controller.js';
import { Mailer } from './mail/mailer.js';
import { Recipients } from './recipients.js';
import { UserDirectoryController } from './user-directory.controller.js';
import { UserDirectory } from './user-directory.js';
import { UserEventsController } from './user-events.controller.js';

const database = DatabaseModule.forService('notifications');

const client = (name: string, customClass: typeof ClientSNS | typeof ClientSQS) => ({
  name,
  imports: [database],
  inject: [PostgresOutbox],
  useFactory: (outbox: PostgresOutbox) => ({
    customClass,
    options: {
      service: 'notifications',
      prefix: process.env['QUEUE_PREFIX'] ?? '',
      provisioning: provisioning(),
      outbox,
    },
  }),
});

@Module({
  imports: [
    database,
    TelemetryModule.forService('notifications'),
    ClientsModule.registerAsync([client(EVENTS, ClientSNS), client(COMMANDS, ClientSQS)]),
  ],
  controllers: [AuditController, UserEventsController, UserDirectoryController, MailCommandsController],
  providers: [Mailer, Recipients, UnitOfWork, UserDirectory],
})
export class NotificationsModule {}
