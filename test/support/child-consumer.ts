import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { transformFile } from '@swc/core';
import type { ServerSQSOptions } from 'nestjs-sns-sqs';
import { waitFor } from './wait-for.js';

const ROOT = join(import.meta.dirname, '../..');
const LIBRARY = join(ROOT, 'libs/nestjs-sns-sqs/src');

export interface Fact {
  listening?: number;
  started?: 'event' | 'command';
  finished?: 'event' | 'command';
  n?: number;
  attempt?: number;
}

/**
 * The consumer script and the library as JavaScript that plain Node runs, in a folder from which `@nestjs/*` resolves
 * to the major under test.
 */
export class CompiledConsumer {
  private constructor(private readonly folder: string) {}

  static async compile(nestMajor: number): Promise<CompiledConsumer> {
    const parent = join(nestMajor === 11 ? join(ROOT, 'compat/nest11') : ROOT, '.tmp');
    await mkdir(parent, { recursive: true });
    const folder = await mkdtemp(join(parent, 'consumer-'));
    const library = join(folder, 'node_modules/nestjs-sns-sqs');
    const sources = (await readdir(LIBRARY, { recursive: true })).filter(name =>
      /^(?!.*\.spec\.ts$).*\.ts$/.test(name),
    );
    await Promise.all(sources.map(name => compile(join(LIBRARY, name), join(library, name.replace(/\.ts$/, '.js')))));
    await writeFile(join(library, 'package.json'), '{ "type": "module", "exports": "./index.js" }');
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await compile(join(import.meta.dirname, 'crash-consumer.ts'), join(folder, 'consumer.js'));
    return new CompiledConsumer(folder);
  }

  /** Resolves once the consumer is listening. */
  async run(options: ServerSQSOptions, { hang }: { hang: boolean }): Promise<ChildConsumer> {
    const argument = JSON.stringify({ options, hang });
    const child = spawn(process.execPath, [join(this.folder, 'consumer.js'), argument], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const consumer = new ChildConsumer(child);
    await waitFor('the consumer process to listen', () => consumer.isListening);
    return consumer;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A running consumer process, and what it has told so far. */
export class ChildConsumer {
  readonly facts: Fact[] = [];
  private stderr = '';
  private readonly ended: Promise<unknown>;

  constructor(private readonly child: ChildProcess) {
    this.ended = once(child, 'exit');
    if (!child.stdout || !child.stderr) throw new Error('the child has no pipes');
    createInterface({ input: child.stdout }).on('line', line => this.facts.push(JSON.parse(line) as Fact));
    child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  get isListening(): boolean {
    if (this.child.exitCode !== null) throw new Error(`the consumer ended with ${this.child.exitCode}: ${this.stderr}`);
    return this.facts.some(({ listening }) => listening !== undefined);
  }

  get exitCode(): number | null {
    return this.child.exitCode;
  }

  /** Sends the signal and resolves when the process is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    await this.ended;
  }
}

async function compile(from: string, to: string): Promise<void> {
  const { code } = await transformFile(from, {
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
  await mkdir(dirname(to), { recursive: true });
  await writeFile(to, code);
}
