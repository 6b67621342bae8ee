import { randomBytes } from 'node:crypto';
import { jest } from '@jest/globals';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamicModule, INestMicroservice, Provider, Type } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  ClientSNS,
  ClientSQS,
  ServerSQS,
  type ClientSNSOptions,
  type ClientSQSOptions,
  type ServerSQSOptions,
  type SqsServerStatus,
} from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { CapturedLogs } from './captured-logs.js';
import { awsOf, openEndpoint, wireUnderTest, type AwsConfig, type Endpoint } from './endpoint.js';
import { QueueProbe } from './queue-probe.js';
import { spiedClients, type Fault, type SpiedClients } from './spied-clients.js';
import { TopicProbe } from './topic-probe.js';

export interface StartOptions extends Partial<ServerSQSOptions> {
  imports?: Array<Type | DynamicModule>;
  providers?: Provider[];
  /** Called between creation and listen: global pipes, guards, … */
  configure?: (app: INestMicroservice) => void;
}

export interface RunningService {
  app: INestMicroservice;
  server: ServerSQS;
  /** Every status of the server so far. */
  statuses: SqsServerStatus[];
}

/** Fast retries, short polls and leases: what the suite waits for should come soon. */
export const QUICK = {
  waitTimeSeconds: 1,
  visibilityTimeoutSeconds: 10,
  maxReceiveCount: 3,
  backoff: { initialSeconds: 0, maxSeconds: 1 },
};

/** What one test works in: an endpoint, a prefix of its own, and services that are closed when it ends. */
export class World {
  prefix = '';
  readonly logs = new CapturedLogs();
  private endpoint: Endpoint | undefined;
  private ownClients: { sqs: SQSClient; sns: SNSClient } | undefined;
  private closers: Array<() => unknown> = [];

  get url(): string {
    if (!this.endpoint) throw new Error('the endpoint is open while tests run only');
    return this.endpoint.url;
  }

  get aws(): AwsConfig {
    return awsOf(this.url);
  }

  /** `aws` and `wire` of everything under test. */
  get access(): { aws: AwsConfig; wire: 'sdk' | 'lean' } {
    return { aws: this.aws, wire: wireUnderTest };
  }

  get clients(): { sqs: SQSClient; sns: SNSClient } {
    this.ownClients ??= { sqs: new SQSClient(this.aws), sns: new SNSClient(this.aws) };
    return this.ownClients;
  }

  /** A server's options, with the suite's defaults. */
  serverOptions({ consumer, ...options }: Partial<ServerSQSOptions> = {}): ServerSQSOptions {
    return {
      service: 'notifications',
      prefix: this.prefix,
      ...this.accessFor(options),
      ...options,
      consumer: { ...QUICK, ...consumer },
    };
  }

  /** A microservice with these controllers, listening. Rejects with what its `listen()` rejects with. */
  async start(controllers: Type[], options: StartOptions = {}): Promise<RunningService> {
    const { imports = [], providers = [], configure, ...server } = options;
    const strategy = new ServerSQS(this.serverOptions(server));
    const statuses: SqsServerStatus[] = [];
    strategy.status.subscribe(status => statuses.push(status));
    const module = await Test.createTestingModule({ controllers, imports, providers }).setLogger(this.logs).compile();
    const app = module.createNestMicroservice<MicroserviceOptions>({ strategy });
    this.onClose(() => app.close());
    configure?.(app);
    await app.listen();
    return { app, server: strategy, statuses };
  }

  /** Emits events of a service; resolves when SNS has accepted them. */
  events(options: Partial<ClientSNSOptions> = {}): Emitter<ClientSNS> {
    const client = new ClientSNS({ service: 'users', prefix: this.prefix, ...this.accessFor(options), ...options });
    return this.emitter(client);
  }

  /** Emits commands to a service; resolves when SQS has accepted them. */
  commands(options: Partial<ClientSQSOptions> = {}): Emitter<ClientSQS> {
    const client = new ClientSQS({
      service: 'notifications',
      prefix: this.prefix,
      ...this.accessFor(options),
      ...options,
    });
    return this.emitter(client);
  }

  /** Clients whose calls are written down and, where a fault is given, fail. They end with the test. */
  spied(fault?: Fault): SpiedClients {
    const spy = spiedClients(this.aws, fault);
    this.onClose(() => {
      spy.sqs.destroy();
      spy.sns.destroy();
    });
    return spy;
  }

  /** @param name without prefix */
  queue(name: string): QueueProbe {
    return new QueueProbe(this.clients.sqs, `${this.prefix}${name}`);
  }

  /** @param name without prefix */
  topic(name: string): TopicProbe {
    return new TopicProbe(this.clients.sns, `${this.prefix}${name}`);
  }

  onClose(closer: () => unknown): void {
    this.closers.push(closer);
  }

  async open(): Promise<void> {
    this.endpoint = await openEndpoint();
  }

  begin(): void {
    this.prefix = `e2e-${randomBytes(4).toString('hex')}-`;
    this.logs.clear();
  }

  /** Closes what was opened last first, all of it. Rejects with the first failure. */
  async end(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  async shut(): Promise<void> {
    this.ownClients?.sqs.destroy();
    this.ownClients?.sns.destroy();
    await this.endpoint?.stop();
  }

  private accessFor(options: { sqs?: unknown; sns?: unknown }): { aws?: AwsConfig; wire?: 'sdk' | 'lean' } {
    return options.sqs || options.sns ? { wire: wireUnderTest } : this.access;
  }

  private emitter<C extends ClientSNS | ClientSQS>(client: C): Emitter<C> {
    this.onClose(() => client.close());
    return {
      client,
      emit: async (pattern, data) => {
        await lastValueFrom(client.emit(pattern, data), { defaultValue: undefined });
      },
    };
  }
}

export interface Emitter<C> {
  client: C;
  emit: (pattern: string, data: unknown) => Promise<void>;
}

/** A world for this file's tests. `'per-file'`: its prefix and services live for the whole file, not for one test. */
export function world(life: 'per-test' | 'per-file' = 'per-test'): World {
  // Longer than the longest wait in it; some start processes, on a machine that may be busy.
  jest.setTimeout(90_000);
  const here = new World();
  beforeAll(async () => {
    await here.open();
    if (life === 'per-file') here.begin();
  });
  if (life === 'per-test') {
    beforeEach(() => here.begin());
    afterEach(() => here.end());
  }
  afterAll(async () => {
    await here.end();
    await here.shut();
  });
  return here;
}
