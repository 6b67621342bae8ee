// A contract: one place for the names and payloads of a service. The compiler and a schema check both sides.
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { ClientSNS, defineContract, ServerSQS, SnsSqsModule, type OutputOf } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { z } from 'zod';

const orderPlaced = z.object({ id: z.string(), amount: z.number().positive() });

// In a monorepo this is a library that publisher and consumers import.
const shop = defineContract('shop', { events: { 'order.placed': orderPlaced } });

@Controller()
class Invoices {
  @shop.OnEvent('order.placed', { useCase: 'write-invoice' })
  write(@Payload() order: OutputOf<typeof orderPlaced>): void {
    console.log(`invoice for ${order.id}: ${order.amount}`);
  }
}

@Module({ imports: [SnsSqsModule.forRoot({ service: 'shop' })], controllers: [Invoices] })
class AppModule {}

export async function main() {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(ServerSQS) });
  await app.init();
  await app.startAllMicroservices();

  const events = shop.events(app.get(ClientSNS));
  await lastValueFrom(events.emit('order.placed', { id: 'o1', amount: 20 }));
  // The schema refuses this order, so nothing is published.
  await lastValueFrom(events.emit('order.placed', { id: 'o2', amount: -1 })).catch((error: { code?: string }) => {
    console.log(`refused: ${error.code}`);
  });
  return app;
}
