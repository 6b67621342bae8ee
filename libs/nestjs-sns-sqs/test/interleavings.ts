/** At most one in each run. */
export type FaultKind = 'crash' | 'lost answer' | 'no effect' | 'expiry';

/** Something that may happen next. */
export interface Action {
  name: string;
  fault?: FaultKind;
  act: () => void;
}

/** A small world in which nothing happens before the explorer says so. */
export interface Scope {
  readonly isOver: boolean;
  actions(): Action[];
  do(action: Action): Promise<void>;
  /** Lets everything that lives go on to its end, in one order. */
  finish(): Promise<void>;
  /** What is wrong at the end; undefined: nothing. */
  problem(): string | undefined;
  end?(): Promise<void>;
}

/** What is deeper is run in one order. */
const DEPTH = process.env['EXHAUSTIVE'] ? 7 : 5;

/** `lose`: with its effect and without the answer; `fail`: an error, and no effect. */
type How = 'answer' | 'lose' | 'fail';

/** Calls that wait until the explorer carries them out. */
export class GatedCalls<By> {
  private waiting: Array<{ by: By; what: string; execute: (how: How) => void }> = [];

  /** @param nameOf how a caller is called in the story of a run */
  constructor(private readonly nameOf: (by: By) => string) {}

  make<T>(by: By, what: string, effect: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const execute = (how: How): void => {
        if (how === 'fail') return reject(new Error('no effect'));
        effect().then(value => (how === 'lose' ? reject(new Error('answer lost')) : resolve(value)), reject);
      };
      this.waiting.push({ by, what, execute });
    });
  }

  /** Whether this caller waits for an answer. */
  has(by: By): boolean {
    return this.waiting.some(each => each.by === by);
  }

  /** Its answers come to nobody any more. */
  forget(by: By): void {
    this.waiting = this.waiting.filter(each => each.by !== by);
  }

  /** @param mayFail whether such a call can fail at all */
  actions(withFaults: boolean, mayFail: (what: string) => boolean = () => true): Action[] {
    const actions = (how: How, suffix: string, fault?: FaultKind): Action[] =>
      this.waiting
        .filter(({ what }) => fault === undefined || mayFail(what))
        .map(each => ({
          name: `${this.nameOf(each.by)}: ${each.what}${suffix}`,
          ...(fault && { fault }),
          act: () => this.take(each, how),
        }));
    const answers = actions('answer', '');
    if (!withFaults) return answers;
    return [
      ...answers,
      ...actions('lose', ' (answer lost)', 'lost answer'),
      ...actions('fail', ' (no effect)', 'no effect'),
    ];
  }

  /**
   * Answers the first call, other than these if there is one. Gives what was called; undefined: nobody waits.
   * @param before with what is about to be answered
   */
  answerNext(last?: string, before?: (what: string) => void): string | undefined {
    const next = this.waiting.find(({ what }) => what !== last) ?? this.waiting[0];
    if (!next) return undefined;
    before?.(next.what);
    this.take(next, 'answer');
    return next.what;
  }

  private take(call: { execute: (how: How) => void }, how: How): void {
    this.waiting = this.waiting.filter(each => each !== call);
    call.execute(how);
  }
}

/**
 * Runs every interleaving, each from its start. Gives how many runs there were, and how many of them had a fault. Throws
 * with the story of the first run that ends otherwise than it should.
 */
export async function explore(begin: () => Promise<Scope>): Promise<{ runs: number; faults: number }> {
  /** The choices that lead to a state. */
  const open: number[][] = [[]];
  let [runs, faults] = [0, 0];
  for (let choices = open.pop(); choices; choices = open.pop()) {
    const scope = await begin();
    const taken: Action[] = [];
    for (const choice of choices) {
      const action = scope.actions()[choice];
      if (!action) throw new Error('a run went another way when it was replayed');
      taken.push(action);
      await scope.do(action);
    }
    const actions = scope.actions();
    if (!scope.isOver && actions.length > 0 && choices.length < DEPTH) {
      const path = choices;
      actions.forEach((_, choice) => open.push([...path, choice]));
    } else {
      runs += 1;
      if (taken.some(({ fault }) => fault !== undefined)) faults += 1;
      const failed = await scope.finish().then(() => scope.problem(), String);
      if (failed !== undefined) throw new Error(`${failed} after: ${taken.map(({ name }) => name).join(', ')}`);
    }
    await scope.end?.();
  }
  return { runs, faults };
}
