import type { Type } from '@nestjs/common';
import type { MessageHandler, MsPattern } from '@nestjs/microservices';
import { collectParts, type AppPart, type ServerPart } from '../../events/app-parts.js';
import { thrownText } from '../../errors/thrown.js';
import { CliError } from '../cli-error.js';
import type { CliIo } from '../io.js';
import { loadExport, parseExportSpec } from './load-export.js';

export interface OpenAppOptions {
  /** `path#Export` */
  app: string;
  /** Makes a server for a module that has none. */
  service?: string | undefined;
  prefix?: string | undefined;
}

/** A Nest application, as far as commands use it. */
interface NestApp {
  registerListeners?: () => void;
  connectMicroservice?: (options: { strategy: ServerPart['strategy'] }) => unknown;
  close: () => Promise<unknown>;
}

/** What Nest registers handlers with, in place of the server that was found: one server after the other. */
class HandlerRelay {
  private server: ServerPart['strategy'] | undefined;

  get transportId(): symbol | undefined {
    return this.server?.transportId;
  }

  aimAt(server: ServerPart['strategy']): void {
    this.server = server;
  }

  addHandler(pattern: MsPattern, handler: MessageHandler, isEvent?: boolean, extras?: Record<string, unknown>): void {
    this.server?.addHandler(pattern, handler, isEvent, extras);
  }

  listen(): void {
    throw new CliError('A command reads an app and never listens');
  }

  close(): void {}
}

const isFunction = (value: unknown): value is (...args: unknown[]) => unknown => typeof value === 'function';
/** Compiled to ES5 too: a class has metadata then. */
const isClass = (value: unknown): boolean =>
  isFunction(value) &&
  (/^class\b/.test(Function.prototype.toString.call(value)) ||
    ((Reflect as { getMetadataKeys?: (of: object) => unknown[] }).getMetadataKeys?.(value) ?? []).length > 0);

const isApp = (value: unknown): value is NestApp =>
  typeof value === 'object' &&
  value !== null &&
  isFunction((value as Partial<NestApp>).close) &&
  (isFunction((value as Partial<NestApp>).registerListeners) ||
    isFunction((value as Partial<NestApp>).connectMicroservice));

/** An export may be a module, a dynamic module, an app, or a function, asynchronous or not, that gives one of them. */
async function resolved(exported: unknown): Promise<unknown> {
  const value = await exported;
  return isFunction(value) && !isClass(value) ? await value() : value;
}

const isModule = (value: unknown): boolean =>
  isClass(value) || (typeof value === 'object' && value !== null && 'module' in value);

const serversOf = (parts: readonly AppPart[]): ServerPart[] => parts.filter(part => part.kind === 'server');

/**
 * Loads an app and reads it, see {@link readApp}. Rejects with a CliError.
 */
export async function openApp({ app: spec, ...server }: OpenAppOptions, io: CliIo): Promise<readonly AppPart[]> {
  const wanted = parseExportSpec(spec, io.cwd);
  return readApp(() => loadExport(wanted), { spec, ...server });
}

/**
 * Has Nest register an app's handlers with its servers. Nest makes the providers, as it does at a start. No lifecycle
 * hook is called, nothing listens, and no call to AWS is made. Resolves to the parts of the app. Rejects with a CliError.
 * @param load gives the module, the dynamic module, the app, or a function that gives one of them
 */
export async function readApp(
  load: () => unknown,
  { spec, service, prefix }: Omit<OpenAppOptions, 'app'> & { spec: string },
): Promise<readonly AppPart[]> {
  const { parts, end } = collectParts();
  try {
    const value = await resolved(load());
    if (service !== undefined) await makeServer(service, prefix);
    if (isApp(value)) registerIn(value, parts);
    else if (isModule(value)) await registerInModule(value, parts);
    else throw new CliError(`${spec} is no Nest module and no app, and gives none`);
    if (parts.every(({ kind }) => kind === 'contract')) {
      throw new CliError(
        `${spec} has no ServerSQS, ClientSNS or ClientSQS. If the server is made elsewhere, such as in main.js, name it by --service and --prefix, or export a function that gives the app: --app dist/create-app.js#createApp.`,
      );
    }
    return [...parts];
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`The app of ${spec} could not be made: ${thrownText(error)}`, { cause: error });
  } finally {
    end();
  }
}

/** Without options of its own: a server that the app makes where the command cannot see it has the defaults here. */
async function makeServer(service: string, prefix: string | undefined): Promise<void> {
  const { ServerSQS } = await import('../../server/server-sqs.js');
  new ServerSQS({ service, prefix });
}

function registerIn(app: NestApp, parts: readonly AppPart[]): void {
  const missing = (): ServerPart[] => serversOf(parts).filter(({ handlers }) => handlers().length === 0);
  // A microservice registers with its own server; an app that has connected its servers has done so.
  if (app.registerListeners && missing().length > 0) app.registerListeners();
  for (const { strategy } of missing()) app.connectMicroservice?.({ strategy });
}

async function registerInModule(module: unknown, parts: readonly AppPart[]): Promise<void> {
  await import('reflect-metadata');
  const { NestFactory } = await import('@nestjs/core');
  const relay = new HandlerRelay();
  const options = { strategy: relay, logger: false as const, abortOnError: false };
  const app = (await NestFactory.createMicroservice(module as Type, options as never)) as unknown as NestApp;
  for (const { strategy } of serversOf(parts)) {
    relay.aimAt(strategy);
    app.registerListeners?.();
  }
}
