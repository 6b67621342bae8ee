import { resolve } from 'node:path';
import type { CliCommand } from '../command.js';
import { coverageText, lettersOf } from '../dlq/letter-text.js';
import { queueOf, selectionOf, withSelection, type SelectionOptions } from '../dlq/letter-options.js';
import { withDesk, withDeskOptions, type DeskOptions } from '../dlq/with-desk.js';
import { EXIT } from '../exit-codes.js';
import { Progress } from '../progress.js';
import { untilSignal } from '../until-signal.js';

/** `dlq export` */
export const dlqExport: CliCommand<DeskOptions & SelectionOptions> = {
  path: 'dlq export',
  summary: 'writes letters to a file, one JSON object on each line, and changes nothing in the queue',
  configure: command =>
    withDeskOptions(
      withSelection(command.argument('<queue>', 'the dead-letter queue').argument('<file>', 'the file to write')),
    ),
  run: ({ options, args, io, output }) =>
    untilSignal(async signal => {
      const selection = selectionOf(queueOf(args), options);
      const file = resolve(io.cwd, args[1] ?? '');
      const progress = new Progress(io, 'reading');
      const result = await withDesk(options, io, desk =>
        desk.exportTo(file, selection, { onProgress: ({ read, total }) => progress.show(read, total), signal }),
      );
      progress.end();
      output.result({ file, ...result }, () => `Wrote ${lettersOf(result.written)} to ${file}.`);
      output.note(coverageText(result.coverage));
      return signal.aborted ? EXIT.error : EXIT.ok;
    }),
};
