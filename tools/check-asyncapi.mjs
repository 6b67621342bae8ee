// Has AsyncAPI's own parser read what `asyncapi` writes of an app with everything: `npm run asyncapi:check`. The parser
// and its 137 packages are installed into a temporary folder: they would slow every `npm ci`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PARSER = '@asyncapi/parser@3.6.3';
const ROOT = join(import.meta.dirname, '..');
const LIMIT_MS = 300_000;

/** Every kind of message, and schemas with definitions of their own. */
const APP = `import 'reflect-metadata';
import { Module, Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { z } from 'zod';
import { SnsSqsModule, OnDomainEvent, defineContract, typed } from '../libs/nestjs-sns-sqs/esm/index.js';

const folder = z.object({ name: z.string(), get folders() { return z.array(folder); } });
const files = defineContract('files', {
  events: {
    'folder.created': folder,
    'folder.deleted': typed(),
    'file.changed': z.object({
      at: z.iso.datetime().transform(text => new Date(text)),
      kind: z.enum(['text', 'picture']).default('text'),
      pair: z.tuple([z.string(), z.number()]),
      size: z.union([z.number().int(), z.null()]),
      tags: z.record(z.string(), z.string()),
    }),
  },
  commands: { 'delete-folder': z.object({ name: z.string() }) },
  requests: { 'count-files': { request: typed(), reply: z.number().int() } },
});

class Files { deleteFolder() {} count() { return 0; } index() {} all() {} }
const decorate = (name, decorator) =>
  decorator(Files.prototype, name, Object.getOwnPropertyDescriptor(Files.prototype, name));
decorate('deleteFolder', files.OnCommand('delete-folder'));
decorate('count', files.OnRequest('count-files'));
decorate('index', files.OnEvent('folder.created', { useCase: 'index' }));
decorate('all', OnDomainEvent('file.*', { from: 'files', useCase: 'all', queue: 'all-files' }));
Controller()(Files);
export class App {}
Module({
  imports: [SnsSqsModule.forRoot({ service: 'files', prefix: 'dev-' }), SnsSqsModule.forFeature({ commandsTo: ['mail'] })],
  controllers: [Files],
})(App);
`;

const CHECK = `import { Parser } from '@asyncapi/parser';
import { readFileSync } from 'node:fs';
const { document, diagnostics } = await new Parser().parse(readFileSync('asyncapi.json', 'utf8'));
const ERROR = 0;
const errors = diagnostics.filter(({ severity }) => severity === ERROR);
for (const { path, message } of errors) console.error(path.join('/'), message);
if (!document || errors.length > 0) process.exit(1);
console.log('accepted:', document.operations().all().length, 'operations,', document.messages().all().length, 'messages');
`;

function run(command, args, cwd) {
  const end = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: LIMIT_MS });
  if (end.status === 0) return end.stdout;
  console.error(`${command} ${args.join(' ')} failed\n${end.stdout}${end.stderr}`);
  process.exit(1);
}

const app = join(ROOT, 'dist/asyncapi-check');
mkdirSync(app, { recursive: true });
writeFileSync(join(app, 'app.mjs'), APP);
const cli = join(ROOT, 'dist/libs/nestjs-sns-sqs/esm/cli/cli.js');
const document = run(process.execPath, [cli, 'asyncapi', '--app', 'dist/asyncapi-check/app.mjs#App'], ROOT);
const folder = mkdtempSync(join(tmpdir(), 'asyncapi-'));
try {
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  writeFileSync(join(folder, 'asyncapi.json'), document);
  writeFileSync(join(folder, 'check.mjs'), CHECK);
  run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', PARSER], folder);
  process.stdout.write(run(process.execPath, ['check.mjs'], folder));
} finally {
  rmSync(folder, { recursive: true });
}
