import { resolve } from 'node:path';
import type { CliCommand } from '../command.js';
import { confirmed } from '../confirm.js';
import { coverageText, short } from '../dlq/letter-text.js';
import { queueOf, selectionOf, withSelection, type SelectionOptions } from '../dlq/letter-options.js';
import { withDesk, withDeskOptions, type DeskOptions } from '../dlq/with-desk.js';
import { EXIT } from '../exit-codes.js';
import { Progress } from '../progress.js';

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
        const saved = save === undefined ? 'There is no way back' : `They are saved in ${save}`;
        if (!(await confirmed(`Delete ${selected} letters of ${queue}? ${saved}.`, options, io))) return EXIT.error;
      }
      const progress = new Progress(io, 'reading');
      const report = await desk.discard(selection, {
        dryRun,
        saveTo: save === undefined ? undefined : resolve(io.cwd, save),
        onProgress: ({ read, total }) => progress.show(read, total),
      });
      progress.end();
      output.result(report, () => {
        const kept =
          report.refused.length > 0 ? ` ${report.refused.length} stay: ${short(report.refused[0]?.message)}` : '';
        return dryRun
          ? `${report.selected} letters would be deleted.`
          : `${report.deleted} letters were deleted.${kept}`;
      });
      output.note(coverageText(report.coverage));
      return report.refused.length > 0 ? EXIT.findings : EXIT.ok;
    });
  },
};
