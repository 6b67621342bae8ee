import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { transformFile } from '@swc/core';
import { waitFor } from './wait-for.js';

const ROOT = join(import.meta.dirname, '../..');
const LIBRARY = join(ROOT, 'libs/nestjs-sns-sqs/src');

/** A process starts in a second, on a machine that does nothing else. */
const START_DEADLINE_MS = 60_000;

/** What every consumer script tells its parent, one JSON object a line: its process id, once it is listening. */
interface Told {
  listening?: number;
}

/** What `crash-consumer.ts` tells. */
export interface Fact extends Told {
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

  /** @param script of this folder, without its ending */
  static async compile(script = 'crash-consumer'): Promise<CompiledConsumer> {
    const folder = await compileLibrary('consumer-');
    await compile(join(import.meta.dirname, `${script}.ts`), join(folder, 'consumer.js'));
    return new CompiledConsumer(folder);
  }

  /** Resolves once the consumer is listening. */
  async run<F extends Told = Fact>(argument: unknown): Promise<ChildConsumer<F>> {
    const child = spawn(process.execPath, [join(this.folder, 'consumer.js'), JSON.stringify(argument)], {
      // Open as long as this process lives: the scripts end with it.
      stdio: ['pipe', 'pipe', 'pipe'],
      // What one has compiled the next need not: half of a start's CPU time, and a test may start thirty.
      env: { ...process.env, NODE_COMPILE_CACHE: join(this.folder, 'compile-cache') },
    });
    const consumer = new ChildConsumer<F>(child);
    try {
      await waitFor('the consumer process to listen', () => consumer.isListening, START_DEADLINE_MS);
    } catch (error) {
      await consumer.end('SIGKILL');
      throw error;
    }
    return consumer;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/**
 * Compiles the library into a new folder from which `@nestjs/*` resolves to the major under test. Resolves to the
 * folder, whose `node_modules` has the library.
 */
export async function compileLibrary(name: string): Promise<string> {
  const parent = join((await nestMajor()) === 11 ? join(ROOT, 'compat/nest11') : ROOT, '.tmp');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, name));
  const library = join(folder, 'node_modules/nestjs-sns-sqs');
  await compileAll(LIBRARY, library);
  await writeFile(
    join(library, 'package.json'),
    '{ "type": "module", "exports": { ".": "./index.js", "./*": "./*/index.js" } }',
  );
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

/** Compiles every source of a folder into another one, specs left out. */
export async function compileAll(from: string, to: string): Promise<void> {
  const sources = (await readdir(from, { recursive: true })).filter(name => /^(?!.*\.spec\.ts$).*\.ts$/.test(name));
  await Promise.all(sources.map(name => compile(join(from, name), join(to, name.replace(/\.ts$/, '.js')))));
}

/** A running consumer process, and what it has told so far. */
export class ChildConsumer<F extends Told = Fact> {
  readonly facts: F[] = [];
  private stderr = '';
  private readonly ended: Promise<unknown>;

  constructor(private readonly child: ChildProcess) {
    // By then all that it told has been read.
    this.ended = once(child, 'close');
    if (!child.stdout || !child.stderr) throw new Error('the child has no pipes');
    createInterface({ input: child.stdout }).on('line', line => this.facts.push(JSON.parse(line) as F));
    child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  get isListening(): boolean {
    if (this.child.exitCode !== null) throw new Error(`the consumer ended with ${this.child.exitCode}: ${this.stderr}`);
    return this.facts.some(({ listening }) => listening !== undefined);
  }

  get wasKilled(): boolean {
    return this.child.signalCode === 'SIGKILL';
  }

  get exitCode(): number | null {
    return this.child.exitCode;
  }

  /** Resolves when it has ended by itself. */
  async untilEnd(): Promise<void> {
    await this.ended;
  }

  /** Sends the signal and resolves when the process is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    await this.ended;
  }
}

/** The major of Nest under test. */
export async function nestMajor(): Promise<number> {
  const text = await readFile(new URL(import.meta.resolve('@nestjs/core/package.json')), 'utf8');
  return Number.parseInt((JSON.parse(text) as { version: string }).version, 10);
}

/** Compiles one source. */
export async function compile(from: string, to: string): Promise<void> {
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
