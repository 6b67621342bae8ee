import type { Forecaster } from './forecast.js';
import type { Letter } from './letter.js';
import type { LetterTest } from './letter-filter.js';
import { orderOf, type OrderedLetter } from './redrive-order.js';
import type { RedriveReport } from './redrive-report.js';
import type { RedriveTargets } from './redrive-targets.js';

export interface SurveyOptions {
  report: Pick<RedriveReport, 'selected' | 'targets'>;
  fifo: boolean;
  isMeant: LetterTest;
  targets: RedriveTargets;
  /** Undefined: the letters are sent, and nothing needs to be foreseen. */
  forecaster: Forecaster | undefined;
}

/** Selects the letters of a redrive, and keeps of each no more than its place in the order. */
export class Survey {
  readonly letters: OrderedLetter[] = [];

  constructor(private readonly options: SurveyOptions) {}

  async add(letters: readonly Letter[]): Promise<void> {
    const { report, fifo, isMeant } = this.options;
    for (const letter of letters.filter(isMeant)) {
      this.letters.push(orderOf(letter, fifo));
      await this.foresee(letter);
    }
    report.selected = this.letters.length;
  }

  private async foresee(letter: Letter): Promise<void> {
    const { forecaster, targets, report } = this.options;
    if (!forecaster) return;
    const { name, why } = await targets.nameFor(letter);
    if (name !== undefined) report.targets[name] = (report.targets[name] ?? 0) + 1;
    await forecaster.add(letter, name, why);
  }
}
