import type { RedriveReport } from '../../dead-letters/redrive-report.js';
import type { CliCommand } from '../command.js';
import { confirmed } from '../confirm.js';
import { coverageText, hasFindings, lettersOf, redriveText } from '../dlq/letter-text.js';
import { numberFrom, queueOf, selectionOf, withSelection, type SelectionOptions } from '../dlq/letter-options.js';
import { withDesk, withDeskOptions, withOptionalApp, type DeskOptions } from '../dlq/with-desk.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { Progress } from '../progress.js';
import { untilSignal } from '../until-signal.js';

interface Options extends DeskOptions, SelectionOptions {
  rate: number;
  to?: string;
  stopAfter: number;
  dryRun?: boolean;
  yes?: boolean;
}

function codeOf({ dryRun, forecast, refused, heldBack, undeleted, failedAgain, stopped }: RedriveReport): ExitCode {
  if (dryRun && stopped === undefined) return forecast && hasFindings(forecast) ? EXIT.findings : EXIT.ok;
  const isWhole = refused.length + heldBack + undeleted.length + failedAgain.length === 0 && stopped === undefined;
  return isWhole ? EXIT.ok : EXIT.findings;
}

/** `dlq redrive` */
export const dlqRedrive: CliCommand<Options> = {
  path: 'dlq redrive',
  summary: 'sends letters back to their queues, in order, and deletes each once SQS has accepted it',
  configure: command =>
    withOptionalApp(withDeskOptions(withSelection(command.argument('<queue>', 'the dead-letter queue'))))
      .option('--rate <number>', 'messages per second at most', numberFrom(0.1), 10)
      .option('--to <queue>', 'the queue that all letters go to, in place of the ones that they come from')
      .option('--stop-after <number>', 'ends when so many letters have failed again', numberFrom(1), 1)
      .option('--dry-run', 'sends nothing, and says what would happen; exits with 2 if anything stands against it')
      .option('-y, --yes', 'does not ask'),
  async run({ options, args, io, output }) {
    const selection = selectionOf(queueOf(args), options);
    const { rate, to, stopAfter, dryRun = false } = options;
    return withDesk(options, io, async desk => {
      if (dryRun || !options.yes) {
        const plan = await untilSignal(signal => desk.redrive(selection, { dryRun: true, to, signal }));
        if (dryRun || plan.stopped !== undefined) {
          output.result(plan, () => redriveText(plan));
          output.note(coverageText(plan.coverage));
          return codeOf(plan);
        }
        output.note(`${redriveText(plan)}${coverageText(plan.coverage)}`);
        if (!(await confirmed(`Send ${lettersOf(plan.selected)} of ${plan.queue}?`, options, io))) return EXIT.error;
      }
      const progress = new Progress(io, 'sending');
      const report = await untilSignal(signal =>
        desk.redrive(selection, {
          messagesPerSecond: rate,
          to,
          stopAfter,
          onProgress: ({ sent, selected }) => progress.show(sent, selected),
          signal,
        }),
      );
      progress.end();
      output.result(report, () => redriveText(report));
      return codeOf(report);
    });
  },
};
