import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { ServerSQS } from 'nestjs-sns-sqs';
import { inbox } from '../../shared/inbox.js';
import { LogMessagesInterceptor } from '../../shared/log-messages.interceptor.js';
import { run } from '../../shared/run.js';
import { NotificationsModule } from './notifications.module.js';

/** A pure consumer: no HTTP. */
run('notifications', async () => {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(NotificationsModule, {
    strategy: new ServerSQS({ service: 'notifications', prefix: process.env['QUEUE_PREFIX'] ?? '', inbox: inbox() }),
    abortOnError: false,
  });
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
  app.useGlobalInterceptors(new LogMessagesInterceptor());
  app.enableShutdownHooks();
  await app.listen();
  return {};
});
