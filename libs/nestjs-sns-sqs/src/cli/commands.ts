import type { CliCommand } from './command.js';
import { topologyPrint } from './commands/topology-print.js';

/** First words that several commands share. */
export const GROUPS: Readonly<Record<string, string>> = {
  topology: 'the topics, queues and subscriptions that the handlers of an app need',
};

/** Every command, in the order of the help. */
export const COMMANDS: readonly CliCommand[] = [topologyPrint];
