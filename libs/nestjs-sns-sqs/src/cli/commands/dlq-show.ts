import { plainLetter } from '../../dead-letters/letter-file.js';
import type { CliCommand } from '../command.js';
import { coverageText, lettersTable, letterText } from '../dlq/letter-text.js';
import { filterOf, numberFrom, queueOf, withFilter, type FilterOptions } from '../dlq/letter-options.js';
import { withDesk, withDeskOptions, type DeskOptions } from '../dlq/with-desk.js';
import { EXIT } from '../exit-codes.js';
import { Progress } from '../progress.js';
import { untilSignal } from '../until-signal.js';

interface Options extends DeskOptions, FilterOptions {
  limit: number;
  cursor?: string;
}

/** `dlq show` */
export const dlqShow: CliCommand<Options> = {
  path: 'dlq show',
  summary: 'shows the letters of a queue, those first that SQS deletes first',
  configure: command =>
    withDeskOptions(withFilter(command.argument('<queue>', 'the dead-letter queue')))
      .option('--limit <number>', 'letters of a page, 1 to 1,000', numberFrom(1), 50)
      .option('--cursor <text>', 'the page after this place, which the page before names'),
  run: ({ options, args, io, output }) =>
    untilSignal(async signal => {
      const progress = new Progress(io, 'reading');
      const { limit, cursor } = options;
      const { letters, coverage, ...page } = await withDesk(options, io, desk =>
        desk.list(queueOf(args), {
          filter: filterOf(options),
          limit,
          cursor,
          onProgress: ({ read, total }) => progress.show(read, total),
          signal,
        }),
      );
      progress.end();
      output.result({ letters: letters.map(plainLetter), coverage, ...page }, () => {
        const [first] = letters;
        if (!first) return 'There are no such letters.';
        return letters.length === 1 ? letterText(first) : lettersTable(letters);
      });
      if (page.cursor !== undefined && !output.isJson) output.note(`More: --cursor ${page.cursor}`);
      output.note(coverageText(coverage));
      return signal.aborted ? EXIT.error : EXIT.ok;
    }),
};
