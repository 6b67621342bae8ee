import type { CliCommand } from '../command.js';
import { diffAsyncApi } from '../asyncapi/diff-async-api.js';
import { readAsyncApi } from '../asyncapi/read-async-api.js';
import { toAsyncApi } from '../asyncapi/to-async-api.js';
import { EXIT } from '../exit-codes.js';
import { table } from '../output.js';
import { documentOf, withDocument, type DocumentOptions } from '../shared-options.js';

interface Options extends DocumentOptions {
  title?: string;
  apiVersion?: string;
  diff?: string;
}

/** `asyncapi` */
export const asyncapi: CliCommand<Options> = {
  path: 'asyncapi',
  summary: 'writes what an app sends, takes and answers as an AsyncAPI 3 document, or what changed in it',
  configure: command =>
    withDocument(command)
      .option('--title <text>', 'title of the document')
      .option('--api-version <text>', 'version of the document')
      .option(
        '--diff <file>',
        'compares with this document in place of writing one; exits with 2 for breaking changes',
      ),
  async run({ options, io, output }) {
    const { title, apiVersion: version, diff } = options;
    const before = diff === undefined ? undefined : readAsyncApi(diff, io.cwd);
    const document = toAsyncApi(await documentOf(options, io), { title, version });
    if (!before) {
      output.document(JSON.stringify(document, null, 2));
      return EXIT.ok;
    }
    const changes = diffAsyncApi(before, document);
    output.result(changes, () =>
      changes.length === 0
        ? 'Nothing changed for others.'
        : table(
            ['change', 'where', 'what'],
            changes.map(({ isBreaking, where, what }) => [isBreaking ? 'BREAKING' : 'compatible', where, what]),
          ),
    );
    return changes.some(({ isBreaking }) => isBreaking) ? EXIT.findings : EXIT.ok;
  },
};
