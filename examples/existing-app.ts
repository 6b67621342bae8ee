// Add messages to an HTTP app that exists. Lines that are new have a comment.
import { Body, Controller, HttpCode, Inject, Module, Post, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { ClientSNS, OnDomainEvent, ServerSQS, SnsSqsModule } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';

@Controller('orders')
class Orders {
  constructor(@Inject(ClientSNS) private readonly events: ClientSNS) {} // new: the client

  @Post()
  @HttpCode(202)
  async place(@Body() order: { item: string }): Promise<void> {
    await lastValueFrom(this.events.emit('order.placed', order)); // new: publish
  }

  @OnDomainEvent('order.placed', { from: 'shop', useCase: 'pack' }) // new: a handler
  pack(@Payload() order: { item: string }): void {
    console.log(`packed ${order.item}`);
  }
}

@Module({
  imports: [SnsSqsModule.forRoot({ service: 'shop' })], // new: the module
  controllers: [Orders],
})
class AppModule {}

export async function main() {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  app.useGlobalPipes(new ValidationPipe());
  app.enableShutdownHooks(); // new: finish running handlers on SIGTERM
  // New: the server. `inheritAppConfig` gives it the app's pipes, guards and interceptors.
  app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(ServerSQS) }, { inheritAppConfig: true });
  await app.init(); // new: before the first message arrives
  await app.startAllMicroservices(); // new
  await app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1');
  return app;
}
