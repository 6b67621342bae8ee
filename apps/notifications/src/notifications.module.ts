import { Module } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { ClientSNS, ClientSQS } from 'nestjs-sns-sqs';
import { provisioning } from '../../shared/provisioning.js';
import { TelemetryModule } from '../../shared/telemetry.module.js';
import { AuditController } from './audit.controller.js';
import { COMMANDS, EVENTS } from './clients.js';
import { MailCommandsController } from './mail-commands.controller.js';
import { Mailer } from './mail/mailer.js';
import { Recipients } from './recipients.js';
import { UserDirectoryController } from './user-directory.controller.js';
import { UserDirectory } from './user-directory.js';
import { UserEventsController } from './user-events.controller.js';

const options = {
  service: 'notifications',
  prefix: process.env['QUEUE_PREFIX'] ?? '',
  provisioning: provisioning(),
};

@Module({
  imports: [
    TelemetryModule.forService('notifications'),
    ClientsModule.register([
      { name: EVENTS, customClass: ClientSNS, options },
      { name: COMMANDS, customClass: ClientSQS, options },
    ]),
  ],
  controllers: [AuditController, UserEventsController, UserDirectoryController, MailCommandsController],
  providers: [Mailer, Recipients, UserDirectory],
})
export class NotificationsModule {}
