// Send commands to a service. Commands of one group are handled one at a time and in order.
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload, type ClientProxy, type MicroserviceOptions } from '@nestjs/microservices';
import { getCommandsToken, OnCommand, ServerSQS, SnsSqsModule, SqsRecordBuilder } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';

@Controller()
class Accounts {
  @OnCommand('book')
  book(@Payload() { account, amount }: { account: string; amount: number }): void {
    console.log(`${account}: ${amount}`);
  }
}

@Module({
  imports: [SnsSqsModule.forRoot({ service: 'accounts' }), SnsSqsModule.forFeature({ commandsTo: ['accounts'] })],
  controllers: [Accounts],
})
class AppModule {}

export async function main() {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(ServerSQS) });
  await app.init();
  await app.startAllMicroservices();

  // In a provider: constructor(@InjectCommands('accounts') private readonly accounts: ClientProxy)
  const accounts = app.get<ClientProxy>(getCommandsToken('accounts'));
  for (const amount of [100, -30, 5]) {
    const command = new SqsRecordBuilder({ account: 'a1', amount }).setGroupId('a1').build();
    await lastValueFrom(accounts.emit('book', command));
  }
  return app;
}
