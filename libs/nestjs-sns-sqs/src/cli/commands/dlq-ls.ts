import type { CliCommand } from '../command.js';
import { withDesk, withDeskOptions, type DeskOptions } from '../dlq/with-desk.js';
import { EXIT } from '../exit-codes.js';
import { table } from '../output.js';

/** `dlq ls` */
export const dlqLs: CliCommand<DeskOptions> = {
  path: 'dlq ls',
  summary: 'lists the dead-letter queues of the account, those with most letters first',
  configure: command => withDeskOptions(command).option('--prefix <text>', 'queues whose names begin so'),
  async run({ options, io, output }) {
    const queues = await withDesk(options, io, desk => desk.queues());
    output.result(queues, () =>
      queues.length === 0
        ? 'There are no dead-letter queues here.'
        : table(
            ['queue', 'letters', 'in flight', 'sources'],
            queues.map(({ name, messages, inFlight, sources }) => [
              name,
              String(messages),
              String(inFlight),
              sources.join(', '),
            ]),
          ),
    );
    return EXIT.ok;
  },
};
