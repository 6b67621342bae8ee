// A service in a process of its own, with the AWS SDK's instrumentation and ours, as a tracing.ts registers them before
// anything else is loaded. Publishes one event by itself, and one by an SNS client of the user's, and tells its spans.
import 'reflect-metadata';
import { register } from 'node:module';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { context, propagation, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace';

const { endpoint, prefix, wire } = JSON.parse(process.argv[2] ?? '') as {
  endpoint: string;
  prefix: string;
  wire: 'sdk' | 'lean';
};
const tell = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);
// Whoever started it is gone.
process.stdin.on('end', () => process.exit(1)).resume();

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(provider);
register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
// What is instrumented is loaded afterwards.
const { AwsInstrumentation } = await import('@opentelemetry/instrumentation-aws-sdk');
const { SnsSqsInstrumentation } = await import('nestjs-sns-sqs/otel');
registerInstrumentations({ instrumentations: [new AwsInstrumentation(), new SnsSqsInstrumentation()] });

const { Controller, Module } = await import('@nestjs/common');
const { NestFactory } = await import('@nestjs/core');
const { CreateTopicCommand, PublishCommand, SNSClient } = await import('@aws-sdk/client-sns');
const { ClientSNS, OnDomainEvent, ServerSQS } = await import('nestjs-sns-sqs');
const { lastValueFrom } = await import('rxjs');

const aws = { region: 'us-east-1', endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
let handled = 0;

@Controller()
class Handlers {
  @OnDomainEvent('user.registered', { from: 'users', useCase: 'welcome' })
  welcome(): void {
    handled += 1;
  }
}

@Module({ controllers: [Handlers] })
class ServiceModule {}

const consumer = { waitTimeSeconds: 1 };
const strategy = new ServerSQS({ service: 'mail', prefix, aws, wire, consumer });
const app = await NestFactory.createMicroservice(ServiceModule, { strategy, logger: ['error'] });
await app.listen();

const within = async (name: string, work: () => Promise<unknown>): Promise<void> => {
  const span = provider.getTracer('test').startSpan(name);
  await context.with(trace.setSpan(context.active(), span), work);
  span.end();
};
const events = new ClientSNS({ service: 'users', prefix, aws, wire });
await within('by the library', () => lastValueFrom(events.emit('user.registered', { id: 'u1' }), { defaultValue: 0 }));
const sns = new SNSClient(aws);
await within('by the user', async () => {
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: `${prefix}users-domain-events` }));
  const Message = JSON.stringify({ specversion: '1.0', id: 'e2', source: 'users', type: 'user.registered', data: {} });
  const MessageAttributes = { type: { DataType: 'String', StringValue: 'user.registered' } };
  await sns.send(new PublishCommand({ TopicArn, Message, MessageAttributes }));
});
while (handled < 2) await new Promise(resolve => setTimeout(resolve, 20));
await events.close();
await app.close();

const told = (span: ReadableSpan) => ({
  name: span.name,
  by: span.instrumentationScope.name,
  trace: span.spanContext().traceId,
  id: span.spanContext().spanId,
  parent: span.parentSpanContext?.spanId,
  links: span.links.map(link => link.context.spanId),
});
tell({ spans: exporter.getFinishedSpans().map(told) });
tell({ listening: process.pid });
