import { lookThrough, type Coverage, type LookOptions } from './look-through.js';
import type { LetterTest } from './letter-filter.js';
import type { LetterFile } from './letter-file.js';

export interface DiscardReport {
  queue: string;
  /** True: nothing was deleted. */
  dryRun: boolean;
  coverage: Coverage;
  /** The selected letters. */
  selected: number;
  /** Letters that SQS deleted. */
  deleted: number;
  /** Letters that SQS did not delete. These letters stay. */
  refused: Array<{ id: string; code: string; message: string }>;
}

/**
 * Deletes letters, each batch after it was written to the file, where there is one. FIFO: letters come into view as
 * those before them go.
 */
export async function discardLetters(
  look: LookOptions,
  isMeant: LetterTest,
  dryRun: boolean,
  file: LetterFile | undefined,
): Promise<DiscardReport> {
  const { tray, queue } = look;
  const report = { queue: queue.name, dryRun, selected: 0, deleted: 0, refused: [] as DiscardReport['refused'] };
  const coverage = await lookThrough(look, async letters => {
    const meant = letters.filter(isMeant);
    report.selected += meant.length;
    if (dryRun || meant.length === 0) return;
    await file?.write(meant);
    const ids = [...(await tray.secure(meant.map(({ id }) => id)))];
    const failures = await tray.delete(ids);
    report.deleted += ids.length - failures.size;
    for (const [id, { code, message }] of failures) report.refused.push({ id, code, message });
  });
  return { ...report, coverage };
}
