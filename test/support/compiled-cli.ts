import { execFile, type ChildProcess } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compile, compileAll, compileLibrary } from './child-consumer.js';

const ROOT = join(import.meta.dirname, '../..');
const LIMIT_MS = 60_000;
const MAX_BYTES = 64 * 1024 * 1024;

export interface CliEnd {
  code: number;
  stdout: string;
  stderr: string;
}

interface StartedEnd extends CliEnd {
  signal: string | undefined;
}

export interface StartedCli {
  child: ChildProcess;
  ended: Promise<StartedEnd>;
}

/** The command and the sample apps as JavaScript that plain Node runs, with Nest's major under test. */
export class CompiledCli {
  private constructor(readonly folder: string) {}

  static async compile(): Promise<CompiledCli> {
    const folder = await compileLibrary('cli-');
    await compileAll(join(ROOT, 'apps'), join(folder, 'apps'));
    return new CompiledCli(folder);
  }

  /** Compiles a script of this folder, given without its ending. Resolves to the file. */
  async script(name: string): Promise<string> {
    const file = join(this.folder, `${name}.js`);
    await compile(join(import.meta.dirname, `${name}.ts`), file);
    return file;
  }

  /** Writes a file beside the samples. */
  write(name: string, text: string): Promise<void> {
    return writeFile(join(this.folder, name), text);
  }

  /** Reads a file that a command has written. */
  read(name: string): Promise<string> {
    return readFile(join(this.folder, name), 'utf8');
  }

  private get command(): string {
    return join(this.folder, 'node_modules/nestjs-sns-sqs/cli/cli.js');
  }

  /** Runs the command as a process of its own. @param env beside PATH and HOME: nothing of AWS is inherited */
  run(argv: readonly string[], env: Record<string, string> = {}): Promise<CliEnd> {
    return this.node([this.command, ...argv], env);
  }

  async node(argv: readonly string[], env: Record<string, string> = {}): Promise<CliEnd> {
    const { signal: _, ...end } = await this.spawn(process.execPath, argv, env).ended;
    return end;
  }

  /** As {@link run}, for a process that is to be disturbed. */
  start(argv: readonly string[], env: Record<string, string> = {}): StartedCli {
    return this.spawn(process.execPath, [this.command, ...argv], env);
  }

  /** Runs a script of bash, in which `"$0" "$1"` is the command. */
  async shell(script: string): Promise<CliEnd> {
    const { signal: _, ...end } = await this.spawn('bash', ['-c', script, process.execPath, this.command], {}).ended;
    return end;
  }

  private spawn(file: string, argv: readonly string[], env: Record<string, string>): StartedCli {
    const { PATH = '', HOME = '' } = process.env;
    const options = {
      cwd: this.folder,
      env: { PATH, HOME, AWS_EC2_METADATA_DISABLED: 'true', NODE_COMPILE_CACHE: join(this.folder, 'cache'), ...env },
      timeout: LIMIT_MS,
      maxBuffer: MAX_BYTES,
    };
    let child: ChildProcess | undefined;
    const ended = new Promise<StartedEnd>(resolve => {
      child = execFile(file, argv, options, (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : error ? -1 : 0;
        resolve({ code, stdout, stderr, signal: error?.signal });
      });
    });
    return { child: child as unknown as ChildProcess, ended };
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
