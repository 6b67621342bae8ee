// The inbox in Redis: what one instance has handled, no other instance handles again.
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { ClientSNS, OnDomainEvent, ServerSQS, SnsRecordBuilder, SnsSqsModule } from 'nestjs-sns-sqs';
import { RedisInboxStore } from 'nestjs-sns-sqs/redis';
import { lastValueFrom } from 'rxjs';

@Controller()
class Emails {
  @OnDomainEvent('user.registered', { from: 'users', useCase: 'welcome' })
  welcome(@Payload() user: { email: string }): void {
    console.log(`mail to ${user.email}`);
  }
}

@Module({
  imports: [
    SnsSqsModule.forRootAsync({
      useFactory: () => ({
        service: 'users',
        inbox: { store: new RedisInboxStore({ url: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' }) },
      }),
    }),
  ],
  controllers: [Emails],
})
class AppModule {}

export async function main() {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(ServerSQS) });
  await app.init();
  await app.startAllMicroservices();

  const events = app.get(ClientSNS);
  const registered = (email: string) => new SnsRecordBuilder({ email }).setId(`registered-${email}`).build();
  // The publisher repeats itself, for example after a crash. The id is the same, so the second event is a duplicate.
  await lastValueFrom(events.emit('user.registered', registered('ada@example.com')));
  await lastValueFrom(events.emit('user.registered', registered('ada@example.com')));
  await lastValueFrom(events.emit('user.registered', registered('bob@example.com')));
  return app;
}
