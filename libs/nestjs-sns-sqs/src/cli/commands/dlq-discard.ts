import { resolve } from 'node:path';
import type { Coverage } from '../../dead-letters/look-through.js';
import type { CliCommand } from '../command.js';
import { confirmed } from '../confirm.js';
import { coverageText, lettersOf, short } from '../dlq/letter-text.js';
import { queueOf, selectionOf, withSelection, type SelectionOptions } from '../dlq/letter-options.js';
import { withDesk, withDeskOptions, type DeskOptions } from '../dlq/with-desk.js';
import { EXIT } from '../exit-codes.js';
import { Progress } from '../progress.js';
import { untilSignal } from '../until-signal.js';

interface Options extends DeskOptions, SelectionOptions {
  save?: string;
  dryRun?: boolean;
  yes?: boolean;
}

/** `dlq discard` */
export const dlqDiscard: CliCommand<Options> = {
  path: 'dlq discard',
  summary: 'deletes letters; with --save each is in a file before it is deleted',
  configure: command =>
    withDeskOptions(withSelection(command.argument('<queue>', 'the dead-letter queue')))
      .option('--save <file>', 'adds each letter to this file before it is deleted')
      .option('--dry-run', 'deletes nothing, and counts')
      .option('-y, --yes', 'does not ask'),
  async run({ options, args, io, output }) {
    const selection = selectionOf(queueOf(args), options);
    const { save, dryRun = false } = options;
    return withDesk(options, io, async desk => {
      if (!dryRun && !options.yes) {
        const { selected, queue } = await desk.discard(selection, { dryRun: true });
        const saved = save === undefined ? 'They cannot be restored' : `${save} gets them first`;
        if (!(await confirmed(`Delete ${lettersOf(selected)} of ${queue}? ${saved}.`, options, io))) return EXIT.error;
      }
      const progress = new Progress(io, 'reading');
      let isStopped = false;
      const report = await untilSignal(async signal => {
        const saveTo = save === undefined ? undefined : resolve(io.cwd, save);
        const onProgress = ({ read, total }: Coverage): void => progress.show(read, total);
        const done = await desk.discard(selection, { dryRun, saveTo, onProgress, signal });
        isStopped = signal.aborted;
        return done;
      });
      progress.end();
      output.result(report, () => {
        const kept =
          report.refused.length > 0
            ? ` Not deleted: ${lettersOf(report.refused.length)}: ${short(report.refused[0]?.message)}`
            : '';
        return dryRun ? `Would delete ${lettersOf(report.selected)}.` : `Deleted ${lettersOf(report.deleted)}.${kept}`;
      });
      output.note(coverageText(report.coverage));
      if (isStopped) return EXIT.error;
      return report.refused.length > 0 ? EXIT.findings : EXIT.ok;
    });
  },
};
