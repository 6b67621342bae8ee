import 'reflect-metadata';
import { SQSClient } from '@aws-sdk/client-sqs';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import ssut from '@ssut/nestjs-sqs';
import { clientConfig, isFifo, pollersFor, urlOf } from '../lib/contestant.mjs';

const { SqsMessageHandler, SqsModule, SqsService } = ssut;

/** One method for each consumer, since a handler names its own. */
function handlerOf(name, fifo, handle) {
  class Work {
    async handle(given) {
      const messages = [given].flat();
      await Promise.all(messages.map(({ Body }) => handle(JSON.parse(Body).data)));
      return given;
    }
  }
  SqsMessageHandler(name, !fifo)(Work.prototype, 'handle', Object.getOwnPropertyDescriptor(Work.prototype, 'handle'));
  Injectable()(Work);
  return Work;
}

async function start(options, providers) {
  class App {}
  Module({ imports: [SqsModule.register(options)], providers })(App);
  return NestFactory.createApplicationContext(App, { logger: ['error', 'warn'] });
}

export async function consume({ endpoint, queues, slots, handle }) {
  const sqs = new SQSClient(clientConfig(endpoint));
  const named = queues.flatMap(queue =>
    Array.from({ length: pollersFor(slots, queues) }, (_, index) => ({ name: `${queue}-${index}`, queue })),
  );
  const app = await start(
    {
      consumers: named.map(({ name, queue }) => ({
        name,
        queueUrl: urlOf(endpoint, queue),
        region: 'us-east-1',
        sqs,
        batchSize: 10,
        suppressFifoWarning: true,
      })),
    },
    named.map(({ name, queue }) => handlerOf(name, isFifo(queue), handle)),
  );
  return { stop: () => app.close() };
}

export async function publish({ endpoint, queue }) {
  const sqs = new SQSClient(clientConfig(endpoint));
  const app = await start({ producers: [{ name: queue, queueUrl: urlOf(endpoint, queue), sqs }] }, []);
  const service = app.get(SqsService);
  let sent = 0;
  return {
    send: data => service.send(queue, { id: String((sent += 1)), body: { type: 'bench.tick', data } }),
    stop: () => app.close(),
  };
}
