import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { LetterPatch } from '../../dead-letters/edited-copy.js';
import { thrownText } from '../../errors/thrown.js';
import { CliError } from '../cli-error.js';
import type { CliCommand } from '../command.js';
import { confirmed } from '../confirm.js';
import { bodyText, letterText } from '../dlq/letter-text.js';
import { withDesk, withDeskOptions, withOptionalApp, type DeskOptions } from '../dlq/with-desk.js';
import { EXIT } from '../exit-codes.js';
import type { CliIo } from '../io.js';

interface Options extends DeskOptions {
  data?: string;
  dataFile?: string;
  bodyFile?: string;
  type?: string;
  subject?: string;
  sequence?: string;
  to?: string;
  dryRun?: boolean;
  yes?: boolean;
}

const textOf = async (file: string, { cwd }: CliIo): Promise<string> => {
  try {
    return await readFile(resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new CliError(`${file} could not be read: ${thrownText(error)}`, { cause: error });
  }
};

function jsonOf(text: string, of: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CliError(`${of} is not JSON: ${thrownText(error)}`, { cause: error });
  }
}

async function patchOf(
  { data, dataFile, bodyFile, type, subject, sequence }: Options,
  io: CliIo,
): Promise<LetterPatch> {
  if ([data, dataFile, bodyFile].filter(each => each !== undefined).length > 1) {
    throw new CliError('Give one of --data, --data-file and --body-file, not several');
  }
  return {
    ...(data !== undefined && { data: jsonOf(data, '--data') }),
    ...(dataFile !== undefined && { data: jsonOf(await textOf(dataFile, io), dataFile) }),
    ...(bodyFile !== undefined && { body: await textOf(bodyFile, io) }),
    ...(type !== undefined && { type }),
    ...(subject !== undefined && { subject }),
    ...(sequence !== undefined && { sequence }),
  };
}

/** `dlq edit` */
export const dlqEdit: CliCommand<Options> = {
  path: 'dlq edit',
  summary: 'sends a corrected copy of a letter as a new event, then deletes the letter',
  configure: command =>
    withOptionalApp(
      withDeskOptions(command.argument('<queue>', 'the dead-letter queue').argument('<id>', 'its letter')),
    )
      .option('--data <json>', 'the new payload, whole')
      .option('--data-file <file>', 'the new payload, from a file')
      .option('--body-file <file>', 'the new body, for a letter that is not an event')
      .option('--type <type>', 'the new type of the event')
      .option('--subject <subject>', 'the new subject')
      .option('--sequence <number>', 'the new sequence')
      .option('--to <queue>', 'the queue that the copy goes to, in place of the one that the letter comes from')
      .option('--dry-run', 'checks the copy by its contract, shows it, and sends nothing')
      .option('-y, --yes', 'does not ask'),
  async run({ options, args, io, output }) {
    const [queue = '', id = ''] = args;
    const patch = await patchOf(options, io);
    return withDesk(options, io, async desk => {
      if (options.dryRun) {
        const copy = await desk.editAsCopy({ queue, id }, patch, { to: options.to, dryRun: true });
        output.result(copy, () => `To ${copy.queue}:\n${bodyText(copy.body)}`);
        return EXIT.ok;
      }
      if (!options.yes) {
        const { letters } = await desk.list(queue, { filter: { ids: [id] }, limit: 1 });
        for (const letter of letters) output.note(letterText(letter));
        if (!(await confirmed(`Send a copy with ${JSON.stringify(patch)}?`, options, io))) return EXIT.error;
      }
      const edited = await desk.editAsCopy({ queue, id }, patch, { to: options.to });
      output.result(edited, () => {
        const kept = edited.isDeleted ? '' : ' The letter could not be deleted: discard it.';
        return `Sent to ${edited.queue}${edited.eventId === undefined ? '' : ` as ${edited.eventId}`}.${kept}`;
      });
      return edited.isDeleted ? EXIT.ok : EXIT.findings;
    });
  },
};
