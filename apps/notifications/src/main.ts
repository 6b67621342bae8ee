import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { ServerSQS } from 'nestjs-sns-sqs';
import { inbox } from '../../shared/inbox.js';
import { provisioning } from '../../shared/provisioning.js';
import { LogMessagesInterceptor } from '../../shared/log-messages.interceptor.js';
import { run } from '../../shared/run.js';
import { Registry } from 'prom-client';
import { serveOperations } from './operations-server.js';
import { NotificationsModule } from './notifications.module.js';

/** A pure consumer: no HTTP but metrics and health, where OPERATIONS_PORT is set. */
run('notifications', async () => {
  const strategy = new ServerSQS({
    service: 'notifications',
    prefix: process.env['QUEUE_PREFIX'] ?? '',
    provisioning: provisioning(),
    inbox: inbox(),
  });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(NotificationsModule, {
    strategy,
    abortOnError: false,
  });
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
  app.useGlobalInterceptors(new LogMessagesInterceptor());
  app.enableShutdownHooks();
  await app.listen();
  const port = process.env['OPERATIONS_PORT'];
  if (port !== undefined) await serveOperations(strategy, app.get(Registry), Number(port));
  return {};
});
