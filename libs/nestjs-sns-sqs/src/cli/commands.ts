import type { CliCommand } from './command.js';
import { asyncapi } from './commands/asyncapi.js';
import { catalogue } from './commands/catalogue.js';
import { contractsExport } from './commands/contracts-export.js';
import { dlqDiscard } from './commands/dlq-discard.js';
import { dlqEdit } from './commands/dlq-edit.js';
import { dlqExport } from './commands/dlq-export.js';
import { dlqGroups } from './commands/dlq-groups.js';
import { dlqLs } from './commands/dlq-ls.js';
import { dlqRedrive } from './commands/dlq-redrive.js';
import { dlqShow } from './commands/dlq-show.js';
import { doctor } from './commands/doctor.js';
import { topologyCheck } from './commands/topology-check.js';
import { topologyDiff, topologyPlan } from './commands/topology-compare.js';
import { topologyExport } from './commands/topology-export.js';
import { outboxMigrate } from './commands/outbox-migrate.js';
import { outboxRelay } from './commands/outbox-relay.js';
import { outboxRequeue } from './commands/outbox-requeue.js';
import { outboxStatus } from './commands/outbox-status.js';
import { topologyPrint } from './commands/topology-print.js';
import { topologyPrune } from './commands/topology-prune.js';

/** First words that several commands share. */
export const GROUPS: Readonly<Record<string, string>> = {
  topology: 'the topics, queues and subscriptions that the handlers of an app need',
  dlq: 'dead letters: what failed, why, and what to do with it',
  outbox: 'messages that are published after the commit of a transaction, in PostgreSQL',
  contracts: 'the contracts of an app, for other teams',
};

/** Every command, in the order of the help. */
export const COMMANDS: readonly CliCommand[] = [
  topologyPrint,
  topologyPlan,
  topologyDiff,
  topologyPrune,
  topologyExport,
  topologyCheck,
  doctor,
  dlqLs,
  dlqGroups,
  dlqShow,
  dlqRedrive,
  dlqEdit,
  dlqDiscard,
  dlqExport,
  asyncapi,
  contractsExport,
  catalogue,
  outboxMigrate,
  outboxStatus,
  outboxRequeue,
  outboxRelay,
];
