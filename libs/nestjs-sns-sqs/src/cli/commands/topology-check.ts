import type { Command } from 'commander';
import { readDocument } from '../app/read-document.js';
import type { CliCommand } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { table } from '../output.js';
import { checkTogether } from '../../topology/check-together.js';

/** `topology check`: needs neither the apps nor an account. */
export const topologyCheck: CliCommand<object> = {
  path: 'topology check',
  summary: 'reads the files of several apps, and exits with 2 where they do not fit together',
  configure: (command: Command) => command.argument('<file...>', 'files that `topology print` has written'),
  run({ args, io, output }) {
    const mismatches = checkTogether(args.map(file => ({ file, document: readDocument(file, io.cwd) })));
    output.result(mismatches, () =>
      mismatches.length === 0
        ? output.paint('green', 'The apps fit together.')
        : table(
            ['mismatch', 'what'],
            mismatches.map(({ kind, text }) => [kind, text]),
          ),
    );
    return Promise.resolve(mismatches.length === 0 ? EXIT.ok : EXIT.findings);
  },
};
