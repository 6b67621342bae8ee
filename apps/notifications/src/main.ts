import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import { ServerSQS } from 'nestjs-sns-sqs';
import { PostgresInboxStore } from 'nestjs-sns-sqs/postgres';
import { Registry } from 'prom-client';
import { LogMessagesInterceptor } from '../../shared/log-messages.interceptor.js';
import { provisioning } from '../../shared/provisioning.js';
import { run } from '../../shared/run.js';
import { NotificationsModule } from './notifications.module.js';
import { serveOperations } from './operations-server.js';

/** The inbox is in the service's own database, so that its handlers mark their messages done in their transactions. */
const serverWith = (store: PostgresInboxStore): ServerSQS =>
  new ServerSQS({
    service: 'notifications',
    prefix: process.env['QUEUE_PREFIX'] ?? '',
    provisioning: provisioning(),
    inbox: { store },
  });

/** A pure consumer: no HTTP but metrics and health, where OPERATIONS_PORT is set. */
run('notifications', async () => {
  let server: ServerSQS | undefined;
  const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(NotificationsModule, {
    inject: [PostgresInboxStore],
    useFactory: (store: PostgresInboxStore) => ({ strategy: (server = serverWith(store)) }),
    abortOnError: false,
  });
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
  app.useGlobalInterceptors(new LogMessagesInterceptor());
  app.enableShutdownHooks();
  await app.listen();
  const port = process.env['OPERATIONS_PORT'];
  if (server && port !== undefined) await serveOperations(server, app.get(Registry), Number(port));
  return {};
});
