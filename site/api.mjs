// Makes docs/api out of the doc comments of the public names.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Application } from 'typedoc';

const ROOT = join(import.meta.dirname, '..');
const out = join(ROOT, 'docs/api');
const library = join(ROOT, 'libs/nestjs-sns-sqs');
const { exports } = await import('../libs/nestjs-sns-sqs/package.json', { with: { type: 'json' } }).then(
  ({ default: manifest }) => manifest,
);
const entryPoints = Object.keys(exports)
  .filter(path => path !== './package.json')
  .map(path => join(library, 'src', path, 'index.ts'));

const app = await Application.bootstrapWithPlugins(
  {
    entryPoints,
    tsconfig: join(library, 'tsconfig.lib.json'),
    basePath: join(library, 'src'),
    plugin: ['typedoc-plugin-markdown'],
    readme: 'none',
    name: 'API reference',
    excludeInternal: true,
    excludePrivate: true,
    excludeProtected: true,
    excludeExternals: true,
    disableSources: true,
    skipErrorChecking: true,
    githubPages: false,
    logLevel: 'Warn',
    validation: { notExported: false, invalidLink: true, notDocumented: false },
    outputs: [
      {
        name: 'markdown',
        path: out,
        options: {
          hidePageHeader: true,
          hideBreadcrumbs: true,
          entryFileName: 'index',
          useCodeBlocks: true,
          parametersFormat: 'table',
          interfacePropertiesFormat: 'table',
          sanitizeComments: true,
          indexFormat: 'table',
        },
      },
    ],
  },
  [],
);
const project = await app.convert();
if (!project) process.exit(1);
rmSync(out, { recursive: true, force: true });
await app.generateOutputs(project);
if (app.logger.hasErrors()) process.exit(1);
