import 'reflect-metadata';
import { Controller, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { ClientSQS, ServerSQS, SqsRecordBuilder, SQS_TRANSPORT } from '../../dist/libs/nestjs-sns-sqs/esm/index.js';
import { urlOf } from '../lib/contestant.mjs';
import { PATTERN, SERVICE } from '../lib/message.mjs';

const awsOf = endpoint => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
});

/** A controller with the native decorators, called as functions since this file is not compiled. */
function controllerOf(queue, handle, extras) {
  class Work {
    handle(data) {
      return handle(data);
    }
  }
  const method = Object.getOwnPropertyDescriptor(Work.prototype, 'handle');
  EventPattern(PATTERN, SQS_TRANSPORT, { queue, ...extras })(Work.prototype, 'handle', method);
  Payload()(Work.prototype, 'handle', 0);
  Controller()(Work);
  return Work;
}

/** A contestant with these options. */
export const over = (settings, { batch, contract } = {}) => ({
  async consume({ endpoint, queues, slots, handle, handleAll }) {
    class App {}
    Module({ controllers: queues.map(queue => controllerOf(queue, batch ? handleAll : handle, { batch })) })(App);
    Logger.overrideLogger(['error', 'warn']);
    const app = await NestFactory.createMicroservice(App, {
      logger: ['error', 'warn'],
      strategy: new ServerSQS({
        service: SERVICE,
        provisioning: 'off',
        aws: awsOf(endpoint),
        consumer: { concurrency: Math.max(10, slots / queues.length) },
        shutdownTimeoutMs: 500,
        isPermanent: ({ name }) => name === 'Refused',
        ...settings,
      }),
    });
    await app.listen();
    return { stop: () => app.close() };
  },

  publish({ endpoint, queue }) {
    const { wire = 'sdk' } = settings;
    const client = new ClientSQS({
      service: SERVICE,
      queueUrl: urlOf(endpoint, queue),
      aws: awsOf(endpoint),
      wire,
    });
    const emitter = contract ? contract.commands(client) : client;
    const recordOf = (data, group) => (group ? new SqsRecordBuilder(data).setGroupId(group).build() : data);
    return {
      send: (data, group) => lastValueFrom(emitter.emit(PATTERN, recordOf(data, group))),
      stop: () => client.close(),
    };
  },
});

// As the others, without a memory against duplicates, which none of them has; with it, in this process.
export const overSdk = over({ inbox: false });
export const overLean = over({ inbox: false, wire: 'lean' });
export const inBatches = over({ inbox: false }, { batch: { size: 500, windowMs: 1_000 } });
export const inLeanBatches = over({ inbox: false, wire: 'lean' }, { batch: { size: 500, windowMs: 1_000 } });
export const withInbox = over({ wire: 'lean' });
