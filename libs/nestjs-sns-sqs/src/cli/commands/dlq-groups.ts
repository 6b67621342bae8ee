import type { CliCommand } from '../command.js';
import { coverageText, short, stamp } from '../dlq/letter-text.js';
import { filterOf, queueOf, withFilter, type FilterOptions } from '../dlq/letter-options.js';
import { withDesk, withDeskOptions, type DeskOptions } from '../dlq/with-desk.js';
import { EXIT } from '../exit-codes.js';
import { table } from '../output.js';
import { Progress } from '../progress.js';
import { untilSignal } from '../until-signal.js';

/** `dlq groups` */
export const dlqGroups: CliCommand<DeskOptions & FilterOptions> = {
  path: 'dlq groups',
  summary: 'groups the letters of a queue that failed alike, the largest group first',
  configure: command => withDeskOptions(withFilter(command.argument('<queue>', 'the dead-letter queue'))),
  run: ({ options, args, io, output }) =>
    untilSignal(async signal => {
      const progress = new Progress(io, 'reading');
      const result = await withDesk(options, io, desk =>
        desk.groups(queueOf(args), {
          filter: filterOf(options),
          onProgress: ({ read, total }) => progress.show(read, total),
          signal,
        }),
      );
      progress.end();
      output.result(result, () =>
        result.groups.length === 0
          ? 'There are no such letters.'
          : table(
              ['group', 'letters', 'type', 'error', 'message', 'at', 'first', 'last'],
              result.groups.map(({ key, count, type, error, message, frame, firstAt, lastAt }) => [
                key,
                String(count),
                type ?? '',
                error,
                short(message),
                frame ?? '',
                stamp(firstAt),
                stamp(lastAt),
              ]),
            ),
      );
      output.note(coverageText(result.coverage));
      return signal.aborted ? EXIT.error : EXIT.ok;
    }),
};
