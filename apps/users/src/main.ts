import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { ServerSQS } from 'nestjs-sns-sqs';
import { LogMessagesInterceptor } from '../../shared/log-messages.interceptor.js';
import { TraceRequestsInterceptor } from '../../shared/trace-requests.interceptor.js';
import { run } from '../../shared/run.js';
import { endKeptConnections } from './end-kept-connections.js';
import { UsersModule } from './users.module.js';

run('users', async () => {
  const app = await NestFactory.create(UsersModule, { abortOnError: false });
  endKeptConnections(app);
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
  app.useGlobalInterceptors(new TraceRequestsInterceptor(), new LogMessagesInterceptor());
  app.enableShutdownHooks();
  app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(ServerSQS) }, { inheritAppConfig: true });
  // In this order: handlers may need what onModuleInit prepares.
  await app.init();
  await app.startAllMicroservices();
  await app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1');
  return { url: await app.getUrl() };
});
