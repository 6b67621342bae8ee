import type { CliCommand } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { partsOf, withApp, type AppOptions } from '../shared-options.js';
import { describeApp } from '../app/describe-app.js';

/** `topology print`: the same app always gives the same bytes, so that a pull request shows what changes. */
export const topologyPrint: CliCommand<AppOptions> = {
  path: 'topology print',
  summary: 'writes the topology of an app as JSON; nothing listens, and AWS is not called',
  configure: withApp,
  async run({ options, io, output }) {
    output.document(JSON.stringify(describeApp(await partsOf(options, io)), null, 2));
    return EXIT.ok;
  },
};
