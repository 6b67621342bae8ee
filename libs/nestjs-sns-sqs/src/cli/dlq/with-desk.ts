import type { Command } from 'commander';
import { DeadLetterDesk } from '../../dead-letters/dead-letter-desk.js';
import { openApp } from '../app/open-app.js';
import { clientOptions } from '../aws.js';
import type { CliIo } from '../io.js';
import { withAws, type AwsOptions } from '../shared-options.js';
import { lettersHandlersOf, sharedStoreOf } from './letter-handlers-of.js';

export interface DeskOptions extends AwsOptions {
  app?: string;
  prefix?: string;
}

/** `--app` of commands that know more with an app. */
export const withOptionalApp = (command: Command): Command =>
  command.option('--app <path#export>', 'the app that the letters belong to: its contracts, handlers and inbox');

export const withDeskOptions = (command: Command): Command => withAws(command);

/** Opens a desk for the length of one command. */
export async function withDesk<T>(
  { app, prefix, ...aws }: DeskOptions,
  io: CliIo,
  use: (desk: DeadLetterDesk) => Promise<T>,
): Promise<T> {
  const parts = app === undefined ? undefined : await openApp({ app }, io);
  const desk = new DeadLetterDesk({
    aws: clientOptions(aws),
    prefix,
    ...(parts && { handlers: lettersHandlersOf(parts), inbox: sharedStoreOf(parts) }),
  });
  try {
    return await use(desk);
  } finally {
    desk.close();
  }
}
