export interface Finding {
  /** Empty: nothing has found it. */
  by: string;
  after: string;
}

/** What `run.ts` has printed of so many schedules. Throws when it has not run them: that proves nothing. */
export function findingOfSchedules(output: string, runs: number): Finding {
  const [, done, violations] = /^(\d+) schedules in .* (\d+) violations$/m.exec(output) ?? [];
  const isUnfinished = violations === '0' && Number(done) !== runs;
  // A process that was killed, or had no memory left, has found nothing, and what it did not run might have.
  if (done === undefined || isUnfinished)
    throw new Error(`${done ?? 'none'} of ${runs} schedules were run, without a violation:\n${output}`);
  if (violations === '0') return { by: '', after: `${done} schedules` };
  const what = /^(?:Violation|\w*Error): (.+)$/m.exec(output)?.[1] ?? 'a schedule fails';
  return { by: `“${textOf(what)}”`, after: `${Number(done) + 1} schedules` };
}

/** What jest has printed. Throws when it has run no test: a spec that cannot be loaded fails for every line that is wrong. */
export function findingOfSpec(output: string): Finding {
  if (output.includes('● Test suite failed to run') || !/^Tests: /m.test(output))
    throw new Error(`the spec was not run:\n${output}`);
  const failed = /^ +● (.+)$/m.exec(output)?.[1];
  return { by: failed === undefined ? '' : `“${textOf(failed)}”`, after: '' };
}

/** Without ids, and what would end a table's cell. */
function textOf(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '…')
    .replaceAll('|', '\\|')
    .slice(0, 110);
}
