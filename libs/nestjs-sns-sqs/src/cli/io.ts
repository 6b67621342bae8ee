/** Where a command reads from and writes to. */
export interface CliIo {
  /** The results. */
  stdout: (text: string) => void;
  /** Everything else: progress, warnings, errors. */
  stderr: (text: string) => void;
  /** The next line that a person types; undefined at the end of the input. */
  readLine: () => Promise<string | undefined>;
  /** True: a person reads stdout. */
  isTerminal: boolean;
  /** True: a person can answer a question. */
  isInteractive: boolean;
  /** Characters on a line of the terminal. */
  columns: number;
  env: Readonly<Record<string, string | undefined>>;
  /** The folder that paths are relative to. */
  cwd: string;
}

/** The process's own. */
export interface ProcessIo extends CliIo {
  /** Resolves when everything that was written has left the process. */
  flush: () => Promise<void>;
}

async function readLine(): Promise<string | undefined> {
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return line;
    return undefined;
  } finally {
    lines.close();
  }
}

const DEFAULT_COLUMNS = 100;

/** The process's own. What an app writes to stdout goes to stderr from now on: stdout is for results. */
export function processIo(): ProcessIo {
  const write = process.stdout.write.bind(process.stdout);
  const toStderr = process.stderr.write.bind(process.stderr);
  process.stdout.write = toStderr;
  // A reader that has seen enough, such as `head`, ends the command without an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  // Nobody reads what the command is doing: it goes on, and its exit code tells the end.
  process.stderr.on('error', () => undefined);
  return {
    stdout: text => void write(text),
    stderr: text => void process.stderr.write(text),
    readLine,
    isTerminal: process.stdout.isTTY === true,
    isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    columns: process.stdout.columns ?? DEFAULT_COLUMNS,
    env: process.env,
    cwd: process.cwd(),
    // A stream below its mark never tells that it has drained.
    flush: async () => {
      await new Promise<void>(resolve => void write('', () => resolve()));
      await new Promise<void>(resolve => void process.stderr.write('', () => resolve()));
    },
  };
}
