import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cataloguePage } from '../asyncapi/catalogue-page.js';
import { readAsyncApi } from '../asyncapi/read-async-api.js';
import { toAsyncApi } from '../asyncapi/to-async-api.js';
import { CliError } from '../cli-error.js';
import type { CliCommand } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { documentOf, withDocument, type DocumentOptions } from '../shared-options.js';

interface Options extends DocumentOptions {
  out?: string;
  title: string;
}

/** `catalogue` */
export const catalogue: CliCommand<Options> = {
  path: 'catalogue',
  summary: 'writes a static page: events, commands, who sends and who takes them, topics and queues',
  configure: command =>
    withDocument(command.argument('[files...]', 'documents of `asyncapi`, one for each app'))
      .option('--out <folder>', 'the folder to write')
      .option('--title <text>', 'title of the page', 'Messages'),
  async run({ options, args, io, output }) {
    const { out, title } = options;
    if (out === undefined) throw new CliError('Name the folder to write: --out site/');
    const hasApp = options.app !== undefined || options.from !== undefined;
    if (!hasApp && args.length === 0) throw new CliError('Name an app by --app, or files that `asyncapi` has written');
    const documents = args.map(file => readAsyncApi(file, io.cwd));
    if (hasApp) documents.unshift(toAsyncApi(await documentOf(options, io)));
    const file = join(resolve(io.cwd, out), 'index.html');
    await mkdir(resolve(io.cwd, out), { recursive: true });
    await writeFile(file, cataloguePage(documents, title));
    output.result({ file, apps: documents.map(({ info }) => info.title) }, () => `The catalogue is in ${file}.`);
    return EXIT.ok;
  },
};
