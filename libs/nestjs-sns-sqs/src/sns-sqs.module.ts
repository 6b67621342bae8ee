import {
  Inject,
  Module,
  type Abstract,
  type DynamicModule,
  type FactoryProvider,
  type ModuleMetadata,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ClientSNS } from './client/client-sns.js';
import { ClientSQS } from './client/client-sqs.js';
import { SnsSqsError } from './errors/sns-sqs.error.js';
import type { ClientOptionsBase, PublishOptions } from './interfaces/client-options.interface.js';
import type { ServerSQSOptions } from './interfaces/options.interface.js';
import { defined } from './options/defined.js';
import { ServerSQS } from './server/server-sqs.js';
import { SnsSqsHealthIndicator } from './sns-sqs-health.indicator.js';

/** `ServerSQS`'s options, and what the module's clients take beside them. */
export interface SnsSqsModuleOptions extends ServerSQSOptions {
  /** The clients': writes what they publish. Replies are written as JSON. */
  serializer?: ClientOptionsBase['serializer'] | undefined;
  publish?: PublishOptions | undefined;
  groupId?: ClientOptionsBase['groupId'] | undefined;
  deduplicationId?: ClientOptionsBase['deduplicationId'] | undefined;
  /** The clients': see `ClientOptionsBase`. */
  outbox?: ClientOptionsBase['outbox'] | undefined;
  /** The `send()` of the clients that command: see `ClientSQSOptions`. */
  replyTimeoutMs?: number | undefined;
  /** ARN of the topic that `ClientSNS` publishes to, in place of the conventional name. */
  topicArn?: string | undefined;
}

/** A class or provider for `useClass` or `useExisting` of `SnsSqsModule.forRootAsync()`. */
export interface SnsSqsOptionsFactory {
  createSnsSqsOptions(): SnsSqsModuleOptions | Promise<SnsSqsModuleOptions>;
}

/** Exactly one of `useFactory`, `useClass` and `useExisting` tells the options. */
export interface SnsSqsModuleAsyncOptions {
  /** Modules whose exported providers the options need. @default none */
  imports?: ModuleMetadata['imports'] | undefined;
  /** Providers that only the options need. @default none */
  extraProviders?: Provider[] | undefined;
  /** Tokens of the arguments of `useFactory`. @default none */
  inject?: FactoryProvider['inject'] | undefined;
  // The types of what Nest injects are known to the user's factory only.
  /** Gives the options, or a promise of them. */
  useFactory?: ((...dependencies: never[]) => SnsSqsModuleOptions | Promise<SnsSqsModuleOptions>) | undefined;
  /** A class that Nest instantiates; its `createSnsSqsOptions()` gives the options. */
  useClass?: Type<SnsSqsOptionsFactory> | undefined;
  /** The token of a provider of `imports`, or of a global module; its `createSnsSqsOptions()` gives the options. */
  useExisting?: Type<SnsSqsOptionsFactory> | Abstract<SnsSqsOptionsFactory> | string | symbol | undefined;
}

export interface SnsSqsFeatureOptions {
  /** Services that this module's providers command; each gets a `ClientSQS` for `@InjectCommands(service)`. */
  commandsTo: string[];
}

const MODULE_OPTIONS = Symbol.for('nestjs-sns-sqs.module-options');

/**
 * The token of the `ClientSQS` that `@InjectCommands(service)` injects: for `overrideProvider()` and factories.
 *
 * @example
 * ```ts
 * const notifications = app.get<ClientProxy>(getCommandsToken('notifications'));
 * ```
 */
export const getCommandsToken = (service: string): string => `nestjs-sns-sqs.commands.${service}`;

/** The clients that command, by the options of their app and by service: two clients would keep no order between them. */
const commandClients = new WeakMap<SnsSqsModuleOptions, Map<string, ClientSQS>>();

function commandClient(options: SnsSqsModuleOptions, service: string): ClientSQS {
  const clients = commandClients.get(options) ?? new Map<string, ClientSQS>();
  commandClients.set(options, clients);
  const known = clients.get(service);
  if (known) return known;
  const client = new ClientSQS({
    ...clientOptions(options),
    service,
    ...(options.sqs ? { sqs: options.sqs } : {}),
    ...(options.replyTimeoutMs === undefined ? {} : { replyTimeoutMs: options.replyTimeoutMs }),
  });
  clients.set(service, client);
  return client;
}

/**
 * Injects the `ClientSQS` that `SnsSqsModule.forFeature({ commandsTo: [service] })` provides.
 *
 * @example
 * ```ts
 * @Injectable()
 * class Welcome {
 *   constructor(@InjectCommands('notifications') private readonly notifications: ClientProxy) {}
 * }
 * ```
 */
export const InjectCommands = (service: string): ParameterDecorator & PropertyDecorator =>
  Inject(getCommandsToken(service));

/** What server and clients have in common, as options of a client. */
function clientOptions(options: SnsSqsModuleOptions): ClientOptionsBase {
  const { service: source, prefix, aws, wire, provisioning, publish, shutdownTimeoutMs } = options;
  const { groupId, deduplicationId, serializer, telemetry, conversation, outbox } = options;
  const common = { source, prefix, aws, wire, provisioning, publish, shutdownTimeoutMs };
  return defined({ ...common, groupId, deduplicationId, serializer, telemetry, conversation, outbox });
}

const FOR_CLIENTS_ONLY: ReadonlySet<string> = new Set([
  'publish',
  'groupId',
  'deduplicationId',
  'topicArn',
  'replyTimeoutMs',
  'serializer',
  'outbox',
]);

const serverOptions = (options: SnsSqsModuleOptions): ServerSQSOptions =>
  Object.fromEntries(
    Object.entries(options).filter(([name]) => !FOR_CLIENTS_ONLY.has(name)),
  ) as unknown as ServerSQSOptions;

type OptionsSource = Required<Pick<SnsSqsModuleAsyncOptions, 'inject' | 'useFactory'>>;

/** Where the options come from. Throws INVALID_OPTIONS unless there is one source. */
function optionsSource({ useFactory, useClass, useExisting, inject = [] }: SnsSqsModuleAsyncOptions): OptionsSource {
  const given = Object.entries({ useFactory, useClass, useExisting }).filter(([, source]) => source !== undefined);
  if (given.length !== 1) {
    throw new SnsSqsError('INVALID_OPTIONS', {
      problem: `SnsSqsModule.forRootAsync() has ${given.map(([name]) => `\`${name}\``).join(' and ') || 'nothing'} to get its options from`,
      remedy: 'give exactly one of `useFactory`, `useClass` and `useExisting`',
    });
  }
  if (useFactory) return { inject, useFactory };
  const token = (useExisting ?? useClass) as Type<SnsSqsOptionsFactory>;
  return { inject: [token], useFactory: (factory: SnsSqsOptionsFactory) => factory.createSnsSqsOptions() };
}

/**
 * One import for a service that consumes and publishes: provides `ServerSQS`, and `ClientSNS` for its own topic.
 *
 * @example
 * ```ts
 * @Module({
 *   imports: [SnsSqsModule.forRoot({ service: 'users' }), SnsSqsModule.forFeature({ commandsTo: ['notifications'] })],
 * })
 * class UsersModule {}
 * ```
 */
@Module({})
export class SnsSqsModule {
  /**
   * The module of an app that writes its options in code. Global: import it once, in the root module.
   * @throws {SnsSqsError} INVALID_OPTIONS, INVALID_NAME: when the app is created.
   * @example imports: [SnsSqsModule.forRoot({ service: 'users', prefix: 'dev-' })]
   */
  static forRoot(options: SnsSqsModuleOptions): DynamicModule {
    return SnsSqsModule.forRootAsync({ useFactory: () => options });
  }

  /**
   * The module of an app whose options come from dependency injection: from a factory, a class or a provider.
   * @throws {SnsSqsError} INVALID_OPTIONS: unless there is exactly one of `useFactory`, `useClass` and `useExisting`.
   * @example SnsSqsModule.forRootAsync({ inject: [ConfigService], useFactory: config => ({ service: 'users', … }) })
   * @example SnsSqsModule.forRootAsync({ imports: [ConfigModule], useExisting: SqsConfig })
   */
  static forRootAsync(options: SnsSqsModuleAsyncOptions): DynamicModule {
    const { imports = [], extraProviders = [], useClass } = options;
    const { inject, useFactory } = optionsSource(options);
    return {
      module: SnsSqsModule,
      global: true,
      imports,
      providers: [
        ...extraProviders,
        ...(useClass ? [useClass] : []),
        {
          provide: MODULE_OPTIONS,
          inject,
          // An object for each app, though two apps may be given the same options.
          useFactory: async (...dependencies: never[]) => ({ ...(await useFactory(...dependencies)) }),
        },
        {
          provide: ServerSQS,
          inject: [MODULE_OPTIONS],
          useFactory: (options: SnsSqsModuleOptions) => new ServerSQS(serverOptions(options)),
        },
        SnsSqsHealthIndicator,
        {
          provide: ClientSNS,
          inject: [MODULE_OPTIONS],
          useFactory: (options: SnsSqsModuleOptions) =>
            new ClientSNS({
              ...clientOptions(options),
              service: options.service,
              ...(options.sns ? { sns: options.sns } : {}),
              ...(options.topicArn ? { topicArn: options.topicArn } : {}),
            }),
        },
      ],
      exports: [MODULE_OPTIONS, ServerSQS, ClientSNS, SnsSqsHealthIndicator],
    };
  }

  /**
   * Clients for the commands of a module's providers: one client per service and app, however many modules ask for it.
   * @example imports: [SnsSqsModule.forFeature({ commandsTo: ['notifications'] })]
   */
  static forFeature({ commandsTo }: SnsSqsFeatureOptions): DynamicModule {
    const tokens = commandsTo.map(getCommandsToken);
    return {
      module: SnsSqsModule,
      providers: commandsTo.map((service): Provider => ({
        provide: getCommandsToken(service),
        inject: [MODULE_OPTIONS],
        useFactory: (options: SnsSqsModuleOptions) => commandClient(options, service),
      })),
      exports: tokens,
    };
  }
}
