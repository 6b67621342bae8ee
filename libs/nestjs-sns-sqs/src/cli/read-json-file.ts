import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { z } from 'zod';
import { thrownText } from '../errors/thrown.js';
import { CliError } from './cli-error.js';

const MAX_PROBLEMS = 5;

/**
 * Reads a file that a command of ours has written. Throws a CliError that names the file and what is wrong.
 * @param isNot what the file is not: "a topology of this version"
 * @param command that writes such a file: "topology print"
 */
export function readJsonFile<T>(path: string, cwd: string, schema: z.ZodType<T>, isNot: string, command: string): T {
  const file = resolve(cwd, path);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CliError(`${file} could not be read: ${thrownText(error)}`, { cause: error });
  }
  const { success, data, error } = schema.safeParse(json);
  if (success) return data;
  const problems = error.issues.slice(0, MAX_PROBLEMS).map(({ path: at, message }) => `${at.join('.')}: ${message}`);
  throw new CliError(
    `${file} is not ${isNot}: ${problems.join('; ')}. Write it anew by \`nestjs-sns-sqs ${command} --app … > file\`.`,
  );
}
