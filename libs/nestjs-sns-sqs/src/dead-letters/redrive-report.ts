import type { Coverage } from './look-through.js';
import type { Forecast } from './forecast.js';

/** The result of a redrive, or the forecast of a dry run. */
export interface RedriveReport {
  queue: string;
  /** True: nothing was sent. */
  dryRun: boolean;
  /** How much of the queue was read to select the letters. */
  coverage: Coverage;
  /** The selected letters. On FIFO the first ten of each group; the redrive also takes those behind them. */
  selected: number;
  /** Messages that SQS accepted. */
  sent: number;
  /** Messages by the name of their queue: those that SQS accepted, or, in a dry run, those that would be sent. */
  targets: Record<string, number>;
  /** Letters that SQS did not accept. These letters stay in the dead-letter queue. */
  refused: Array<{ id: string; code: string; message: string }>;
  /** Letters that stay because an earlier letter of their group or subject was refused. */
  heldBack: number;
  /** Letters that were sent and could not be deleted. A second redrive sends them again. */
  undeleted: string[];
  /** Selected letters that had gone, or that another process held. */
  notFound: number;
  /** Selected letters that the redrive did not try, since it ended early. */
  left: number;
  /** Letters that came back to the dead-letter queue during the redrive. */
  failedAgain: Array<{ id: string; reason: string | undefined }>;
  /** Why the redrive ended early. Undefined: it did not. */
  stopped: 'failed-again' | 'aborted' | undefined;
  /** The forecast for the selected letters. In a dry run only. */
  forecast: Forecast | undefined;
}

export const emptyReport = (queue: string, dryRun: boolean): RedriveReport => ({
  queue,
  dryRun,
  coverage: { read: 0, total: 0, unread: 0 },
  selected: 0,
  sent: 0,
  targets: {},
  refused: [],
  heldBack: 0,
  undeleted: [],
  notFound: 0,
  left: 0,
  failedAgain: [],
  stopped: undefined,
  forecast: undefined,
});
