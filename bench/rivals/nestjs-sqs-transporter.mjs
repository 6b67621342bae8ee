import 'reflect-metadata';
import { SQSClient } from '@aws-sdk/client-sqs';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload } from '@nestjs/microservices';
import transporter from 'nestjs-sqs-transporter';
import { lastValueFrom } from 'rxjs';
import { clientConfig, pollersFor, urlOf } from '../lib/contestant.mjs';
import { PATTERN } from '../lib/message.mjs';

const { ClientSqs, ServerSqs } = transporter;

/** One strategy is one consumer that receives ten at a time; as many share a queue as its slots ask for. */
export async function consume({ endpoint, queues, slots, handle }) {
  class Work {
    handle(data) {
      return handle(data);
    }
  }
  EventPattern(PATTERN)(Work.prototype, 'handle', Object.getOwnPropertyDescriptor(Work.prototype, 'handle'));
  Payload()(Work.prototype, 'handle', 0);
  Controller()(Work);
  class App {}
  Module({ controllers: [Work] })(App);
  const sqs = new SQSClient(clientConfig(endpoint));
  const strategies = queues.flatMap(queue =>
    Array.from(
      { length: pollersFor(slots, queues) },
      () =>
        new ServerSqs({
          sqs,
          shutdownTimeoutMs: 0,
          consumerOptions: { queueUrl: urlOf(endpoint, queue), batchSize: 10 },
        }),
    ),
  );
  const apps = [];
  for (const strategy of strategies) {
    const app = await NestFactory.createMicroservice(App, { strategy, logger: ['error'] });
    await app.listen();
    apps.push(app);
  }
  return { stop: () => Promise.all(apps.map(app => app.close())) };
}

export function publish({ endpoint, queue }) {
  const client = new ClientSqs({ sqs: new SQSClient(clientConfig(endpoint)), queueUrl: urlOf(endpoint, queue) });
  return {
    send: data => lastValueFrom(client.emit(PATTERN, data), { defaultValue: undefined }),
    stop: () => client.close(),
  };
}
