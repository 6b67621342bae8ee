import type { Command } from 'commander';
import { CliError } from './cli-error.js';
import { describeApp } from './app/describe-app.js';
import { openApp } from './app/open-app.js';
import type { AppPart } from '../events/app-parts.js';
import type { CliIo } from './io.js';
import type { TopologyDocument } from '../topology/topology-document.js';
import { readDocument } from './app/read-document.js';

export interface AppOptions {
  app?: string;
  service?: string;
  prefix?: string;
}

/** `--app` and what goes with it. */
export const withApp = (command: Command): Command =>
  command
    .option('--app <path#export>', 'a built Nest module, or a function that gives the module or the app')
    .option('--service <name>', 'the service, where the app makes its ServerSQS outside of its module')
    .option('--prefix <text>', "the environment's prefix, with --service");

export interface DocumentOptions extends AppOptions {
  from?: string;
}

/** `--app`, or a file that `topology print` has written. */
export const withDocument = (command: Command): Command =>
  withApp(command).option('--from <file>', 'a file of `topology print`, in place of --app');

/** The parts of the app that `--app` names. */
export function partsOf({ app, service, prefix }: AppOptions, io: CliIo): Promise<readonly AppPart[]> {
  if (app === undefined) throw new CliError('Name the app: --app dist/app.module.js#AppModule');
  if (prefix !== undefined && service === undefined)
    throw new CliError('--prefix needs --service: a server of the app has its own');
  return openApp({ app, service, prefix }, io);
}

/** The topology of `--app` or `--from`. */
export async function documentOf(options: DocumentOptions, io: CliIo): Promise<TopologyDocument> {
  if (options.from === undefined) return describeApp(await partsOf(options, io));
  if (options.app !== undefined) throw new CliError('--app and --from name the topology twice: leave one out');
  return readDocument(options.from, io.cwd);
}

export interface AwsOptions {
  endpoint?: string;
  region?: string;
}

/** Where AWS is. Missing values come from the SDK: AWS_REGION, AWS_ENDPOINT_URL, the profile. */
export const withAws = (command: Command): Command =>
  command
    .option('--endpoint <url>', 'an endpoint in place of AWS, such as http://127.0.0.1:4566')
    .option('--region <name>', 'the region, such as eu-west-1');
