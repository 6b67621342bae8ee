import {
  Inject,
  Module,
  type DynamicModule,
  type FactoryProvider,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import { ClientSNS } from './client/client-sns.js';
import { ClientSQS } from './client/client-sqs.js';
import type { ClientOptionsBase, PublishOptions, ServerSQSOptions } from './interfaces/options.interface.js';
import { defined } from './options/defined.js';
import { ServerSQS } from './server/server-sqs.js';
import { SnsSqsHealthIndicator } from './sns-sqs-health.indicator.js';

/** `ServerSQS`'s options, and what the module's clients take beside them. */
export interface SnsSqsModuleOptions extends ServerSQSOptions {
  /** The clients': writes what they publish. Replies are written as JSON. */
  serializer?: ClientOptionsBase['serializer'];
  publish?: PublishOptions;
  groupId?: ClientOptionsBase['groupId'];
  deduplicationId?: ClientOptionsBase['deduplicationId'];
  /** The `send()` of the clients that command: see `ClientSQSOptions`. */
  replyTimeoutMs?: number;
  /** ARN of the topic that `ClientSNS` publishes to, in place of the conventional name. */
  topicArn?: string;
}

export interface SnsSqsModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  inject?: FactoryProvider['inject'];
  // The types of what Nest injects are known to the user's factory only.
  useFactory: (...dependencies: never[]) => SnsSqsModuleOptions | Promise<SnsSqsModuleOptions>;
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
  const { groupId, deduplicationId, serializer, telemetry, conversation } = options;
  const common = { source, prefix, aws, wire, provisioning, publish, shutdownTimeoutMs };
  return defined({ ...common, groupId, deduplicationId, serializer, telemetry, conversation });
}

const FOR_CLIENTS_ONLY: ReadonlySet<string> = new Set([
  'publish',
  'groupId',
  'deduplicationId',
  'topicArn',
  'replyTimeoutMs',
  'serializer',
]);

const serverOptions = (options: SnsSqsModuleOptions): ServerSQSOptions =>
  Object.fromEntries(
    Object.entries(options).filter(([name]) => !FOR_CLIENTS_ONLY.has(name)),
  ) as unknown as ServerSQSOptions;

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
  static forRoot(options: SnsSqsModuleOptions): DynamicModule {
    return SnsSqsModule.forRootAsync({ useFactory: () => options });
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: SnsSqsModuleAsyncOptions): DynamicModule {
    return {
      module: SnsSqsModule,
      global: true,
      imports,
      providers: [
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
