import type { CliIo } from '../src/cli/io.js';

export interface TestIo extends CliIo {
  out: () => string;
  err: () => string;
}

/** An io that writes into memory. @param answers the lines that a person types */
export function testIo(given: Partial<CliIo> = {}, answers: string[] = []): TestIo {
  const [out, err]: [string[], string[]] = [[], []];
  return {
    stdout: text => void out.push(text),
    stderr: text => void err.push(text),
    readLine: () => Promise.resolve(answers.shift()),
    isTerminal: false,
    isInteractive: false,
    columns: 100,
    env: {},
    cwd: process.cwd(),
    ...given,
    out: () => out.join(''),
    err: () => err.join(''),
  };
}
