// Ask another service and wait for the answer. Use it for work that must survive a crash, not to read data.
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Payload, type ClientProxy, type MicroserviceOptions } from '@nestjs/microservices';
import { getCommandsToken, ServerSQS, SnsSqsModule } from 'nestjs-sns-sqs';
import { lastValueFrom, timeout } from 'rxjs';

@Controller()
class Math {
  @MessagePattern({ cmd: 'sum' })
  sum(@Payload() numbers: number[]): number {
    return numbers.reduce((total, number) => total + number, 0);
  }
}

@Module({
  imports: [SnsSqsModule.forRoot({ service: 'math' }), SnsSqsModule.forFeature({ commandsTo: ['math'] })],
  controllers: [Math],
})
class AppModule {}

export async function main() {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(ServerSQS) });
  await app.init();
  await app.startAllMicroservices();

  const math = app.get<ClientProxy>(getCommandsToken('math'));
  // Always set a timeout: without it a caller waits for ever if nobody answers.
  const sum = await lastValueFrom(math.send<number>({ cmd: 'sum' }, [1, 2, 3]).pipe(timeout(10_000)));
  console.log(`the sum is ${sum}`);
  return app;
}
