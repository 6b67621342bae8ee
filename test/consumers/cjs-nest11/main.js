// A bare CommonJS app on Nest 11, without a compiler: decorators are applied by hand.
require('reflect-metadata');
const { Controller, Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { lastValueFrom } = require('rxjs');
const { startLocalBroker } = require('local-sns-sqs');
const { ClientSNS, OnDomainEvent, ServerSQS } = require('nestjs-sns-sqs');

class AppController {
  handle(data) {
    AppController.seen.resolve(data);
  }
}
AppController.seen = Promise.withResolvers ? Promise.withResolvers() : withResolvers();
OnDomainEvent('user.registered', { from: 'users', useCase: 'consume' })(
  AppController.prototype,
  'handle',
  Object.getOwnPropertyDescriptor(AppController.prototype, 'handle'),
);
// So many at one time that something would listen to one signal more often than Node 20 thinks right.
for (let n = 0; n < 15; n += 1) {
  AppController.prototype[`other${n}`] = () => undefined;
  OnDomainEvent('user.renamed', { from: 'users', useCase: `other-${n}` })(
    AppController.prototype,
    `other${n}`,
    Object.getOwnPropertyDescriptor(AppController.prototype, `other${n}`),
  );
}
Controller()(AppController);

const warnings = [];
process.on('warning', ({ name }) => warnings.push(name));

class AppModule {}
Module({ controllers: [AppController] })(AppModule);

function withResolvers() {
  const deferred = {};
  deferred.promise = new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject }));
  return deferred;
}

async function main() {
  const broker = await startLocalBroker();
  const aws = {
    endpoint: broker.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
  const strategy = new ServerSQS({ service: 'consumer', aws });
  const app = await NestFactory.createMicroservice(AppModule, { strategy, logger: ['error', 'warn'] });
  await app.listen();
  const client = new ClientSNS({ service: 'users', aws });
  await lastValueFrom(client.emit('user.registered', { id: 'u1' }));
  const data = await AppController.seen.promise;
  if (data.id !== 'u1') throw new Error(`consumed something else: ${JSON.stringify(data)}`);
  await client.close();
  await app.close();
  await broker.stop();
  if (warnings.includes('MaxListenersExceededWarning')) throw new Error('too many listen to one signal');
  console.log('consumed');
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
