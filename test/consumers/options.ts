// Copied into the bare apps, and compiled with exactOptionalPropertyTypes: what a configuration does not have is
// undefined, and every option takes that for "not given". The subpaths resolve, under `moduleResolution: node10` too.
import type { FaultRule, LocalBrokerOptions } from 'local-sns-sqs';
import type {
  BackoffOptions,
  ClientSNSOptions,
  CircuitBreakerOptions,
  ClientSQSOptions,
  ConsumerOptions,
  InboxOptions,
  InboxQueueOptions,
  MemoryInboxStoreOptions,
  OnContractEventOptions,
  OnContractOptions,
  OnCommandOptions,
  OnRequestOptions,
  HandlerOptions,
  BatchOptions,
  OnDomainEventOptions,
  OutboxRelayOptions,
  PublishOptions,
  RateLimitOptions,
  ServerSQSOptions,
  SnsSqsFeatureOptions,
  SnsSqsModuleAsyncOptions,
  SnsSqsModuleOptions,
  SqsContextState,
  SqsHandlerExtras,
  SweepOptions,
  TopologyOptions,
} from 'nestjs-sns-sqs';
import type { PostgresInboxStoreOptions } from 'nestjs-sns-sqs/postgres';
import { RedisInboxStore } from 'nestjs-sns-sqs/redis';
import { sqsContext, TestHarness, type TestContextOptions } from 'nestjs-sns-sqs/testing';

/** Names of the options that may be left out, and may not be undefined. */
type Refusing<T> = {
  [K in keyof T]-?: object extends Pick<T, K> ? (Record<K, undefined> extends Pick<T, K> ? never : K) : never;
}[keyof T];
/** Asks for an argument, the names, where there are any. */
const takesUndefined = <T>(..._names: [Refusing<T>] extends [never] ? [] : [Refusing<T>]): T | undefined => undefined;

export const checked = [
  takesUndefined<ServerSQSOptions>(),
  takesUndefined<ConsumerOptions>(),
  takesUndefined<TopologyOptions>(),
  takesUndefined<BackoffOptions>(),
  takesUndefined<CircuitBreakerOptions>(),
  takesUndefined<RateLimitOptions>(),
  takesUndefined<InboxOptions>(),
  takesUndefined<InboxQueueOptions>(),
  takesUndefined<ClientSNSOptions>(),
  takesUndefined<ClientSQSOptions>(),
  takesUndefined<PublishOptions>(),
  takesUndefined<SnsSqsModuleOptions>(),
  takesUndefined<SnsSqsModuleAsyncOptions>(),
  takesUndefined<SnsSqsFeatureOptions>(),
  takesUndefined<OnDomainEventOptions>(),
  takesUndefined<OutboxRelayOptions>(),
  takesUndefined<OnContractEventOptions>(),
  takesUndefined<OnContractOptions>(),
  takesUndefined<OnCommandOptions>(),
  takesUndefined<OnRequestOptions>(),
  takesUndefined<HandlerOptions>(),
  takesUndefined<BatchOptions>(),
  takesUndefined<SqsHandlerExtras>(),
  takesUndefined<SqsContextState>(),
  takesUndefined<TestContextOptions>(),
  takesUndefined<MemoryInboxStoreOptions>(),
  takesUndefined<PostgresInboxStoreOptions>(),
  takesUndefined<SweepOptions>(),
  takesUndefined<LocalBrokerOptions>(),
  takesUndefined<FaultRule>(),
];

declare const process: { env: Record<string, string | undefined> };
export const fromEnvironment: SnsSqsModuleOptions = { service: 'users', prefix: process.env['QUEUE_PREFIX'] };
export const subpaths = [RedisInboxStore, TestHarness, sqsContext];
