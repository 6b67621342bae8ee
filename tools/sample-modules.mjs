// Compiles the samples file by file into dist/samples: what `nest build` bundles has no module that `--app` could name.
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transformFileSync } from '@swc/core';

const root = join(import.meta.dirname, '..');
const [from, to] = [join(root, 'apps'), join(root, 'dist/samples')];

rmSync(to, { recursive: true, force: true });
for (const file of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.ts') || file.endsWith('.spec.ts') || file.includes('test/')) continue;
  const { code } = transformFileSync(join(from, file), {
    configFile: false,
    swcrc: false,
    jsc: {
      target: 'es2023',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      keepClassNames: true,
    },
    module: { type: 'es6' },
  });
  const target = join(to, file.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, code);
}
writeFileSync(join(to, 'package.json'), '{ "type": "module" }\n');
mkdirSync(join(to, 'node_modules'));
symlinkSync('../../libs/nestjs-sns-sqs', join(to, 'node_modules/nestjs-sns-sqs'));
