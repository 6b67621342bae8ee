import type { Command } from 'commander';
import { openAws, type CliAws } from '../aws.js';
import type { CliCommand } from '../command.js';
import { confirmed } from '../confirm.js';
import { EXIT } from '../exit-codes.js';
import { table } from '../output.js';
import { documentOf, withAws, withDocument, type AwsOptions, type DocumentOptions } from '../shared-options.js';
import { examineAccount } from '../../topology/examine-account.js';
import { pruneTopology, type PruneStep } from '../../topology/prune-topology.js';
import type { ServiceDocument } from '../../topology/topology-document.js';
import { topologyOf } from '../../topology/topology-of.js';

interface PruneCommandOptions extends DocumentOptions, AwsOptions {
  dryRun?: boolean;
  keepQueues?: boolean;
  deleteMessages?: boolean;
  yes?: boolean;
}

const configure = (command: Command): Command =>
  withAws(withDocument(command))
    .option('--dry-run', 'says what would be removed, and removes nothing')
    .option('--keep-queues', 'unsubscribes queues that no handler takes from, and does not delete them')
    .option('--delete-messages', 'deletes such queues with the messages in them')
    .option('--yes', 'does not ask');

async function prune(
  service: ServiceDocument,
  aws: CliAws,
  given: PruneCommandOptions,
  only?: readonly PruneStep[],
): Promise<PruneStep[]> {
  const { orphans } = await examineAccount(service, aws.planes, aws.listQueues);
  return pruneTopology(topologyOf(service), aws.planes, {
    dryRun: only === undefined,
    ...(only && { only }),
    orphans,
    deletesOrphans: given.keepQueues !== true,
    deletesMessages: given.deleteMessages === true,
  });
}

/** `topology prune`: what it removes it names first. */
export const topologyPrune: CliCommand<PruneCommandOptions> = {
  path: 'topology prune',
  summary: 'removes what no handler of this version needs: only when no other version of the app runs',
  configure,
  async run({ options, io, output }) {
    const document = await documentOf(options, io);
    const aws = openAws(options, output);
    try {
      const run = async (only?: readonly PruneStep[]): Promise<PruneStep[]> =>
        (await Promise.all(document.services.map(service => prune(service, aws, options, only)))).flat();
      const text = (steps: readonly PruneStep[]): string =>
        steps.length === 0
          ? 'There is nothing to remove.'
          : table(
              ['resource', 'step'],
              steps.map(({ resource, text: step }) => [resource, step]),
            );
      const planned = await run();
      if (options.dryRun || planned.length === 0) {
        output.result({ dryRun: options.dryRun === true, steps: planned }, () => text(planned));
        return EXIT.ok;
      }
      if (!options.yes) output.note(text(planned));
      if (!(await confirmed('Other versions of the app lose what they need. Remove it?', options, io))) {
        output.note('Nothing was removed.');
        return EXIT.ok;
      }
      // Versions may have started while the question waited: what was not shown is not removed.
      const done = await run(planned);
      output.result({ dryRun: false, steps: done }, () => text(done));
      return EXIT.ok;
    } finally {
      aws.destroy();
    }
  },
};
