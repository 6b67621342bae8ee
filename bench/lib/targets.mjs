import { RIVALS, SCENARIOS } from '../scenarios.mjs';
import { median, medianWithBounds } from './statistics.mjs';

/** Figures by scenario and contestant, one for each round. */
class Rounds {
  constructor(runs) {
    this.runs = runs;
  }

  /** What `compute` gives for each round; `of(scenario, contestant)` are that round's figures. */
  each(compute) {
    const rounds = [...new Set(this.runs.map(({ round }) => round))];
    const values = rounds.flatMap(round => {
      const of = (scenario, contestant) => {
        const run = this.runs.find(
          each => each.round === round && each.scenario === scenario && each.contestant === contestant,
        );
        if (!run) throw new Missing();
        return run;
      };
      try {
        return [compute(of)];
      } catch (error) {
        // One table has more turns than another.
        if (error instanceof Missing) return [];
        throw error;
      }
    });
    if (values.length === 0) throw new Missing();
    return values;
  }
}

class Missing extends Error {}

const boundOf = key => SCENARIOS.find(scenario => scenario.key === key).bound;
const bestRival = of => Math.max(...RIVALS.map(({ key }) => of('noop', key).perSecond));

/** What is promised of this library, each with how it is computed from one round, or from turns that lie side by side. */
const TARGETS = [
  {
    name: 'even load: share of the slot bound',
    atLeast: 0.95,
    of: of => of('even', 'own').perSecond / boundOf('even'),
  },
  { name: 'tail: share of the slot bound', atLeast: 0.95, of: of => of('tail', 'own').perSecond / boundOf('tail') },
  {
    name: 'calls per message at load, receive and delete',
    atMost: 0.21,
    of: of => Math.max(...['even', 'tail', 'noop'].map(key => of(key, 'own').callsPerMessage)),
  },
  { name: 'calls per publish, 500 at a time', atMost: 0.11, of: of => of('publish-many', 'own').callsPerMessage },
  {
    name: "no-op: messages/s, times the SDK loop's",
    atLeast: 0.9,
    of: of => of('noop', 'own').perSecond / of('noop', 'loop').perSecond,
  },
  {
    name: "no-op: messages/s, times the best rival's",
    atLeast: 1,
    of: of => of('noop', 'own').perSecond / bestRival(of),
  },
  {
    name: "no-op: CPU time per message, times the SDK loop's",
    atMost: 1.15,
    of: of => of('noop', 'own').cpuMicros / of('noop', 'loop').cpuMicros,
  },
  {
    name: "lean wire, no-op: CPU time per message, times the SDK loop's",
    atMost: 0.35,
    of: of => of('noop', 'lean').cpuMicros / of('noop', 'loop').cpuMicros,
  },
  {
    name: "lean wire, no-op: messages/s, times the best rival's",
    atLeast: 3,
    of: of => of('noop', 'lean').perSecond / bestRival(of),
  },
  {
    name: "lean wire, no-op: messages/s, times raw HTTP's",
    atLeast: 0.8,
    inTurns: true,
    of: of => of('limit', 'lean').perSecond / of('limit', 'raw').perSecond,
  },
  {
    name: "no-op: peak memory, times the SDK loop's",
    atMost: 1.15,
    of: of => of('noop', 'own').rssMb / of('noop', 'loop').rssMb,
  },
  ...[
    ['its inbox in memory', 'inbox', 8],
    ['traces to no exporter', 'traced', 25],
    ['metrics', 'measured', 5],
  ].map(([what, contestant, atMost]) => ({
    name: `${what}: CPU µs per message beyond without`,
    atMost,
    inTurns: true,
    of: of => of('turns', contestant).cpuMicros - of('turns', 'lean').cpuMicros,
  })),
  {
    name: "publish, 500 at a time: messages/s, times the SDK loop's",
    atLeast: 1,
    of: of => of('publish-many', 'own').perSecond / of('publish-many', 'loop').perSecond,
  },
  {
    name: "publish, 500 at a time: CPU time per message, times the SDK loop's",
    atMost: 1.05,
    of: of => of('publish-many', 'own').cpuMicros / of('publish-many', 'loop').cpuMicros,
  },
  {
    name: "lean wire, publish, 500 at a time: messages/s, times the SDK loop's",
    atLeast: 2,
    of: of => of('publish-many', 'lean').perSecond / of('publish-many', 'loop').perSecond,
  },
  {
    name: 'dead letters: delete calls per message',
    atMost: 0.11,
    of: of => Math.max(...['own', 'lean'].map(contestant => of('dead-letters', contestant).deletesPerMessage)),
  },
  {
    name: 'lean wire, bulk inserts of 500, 5 ms a call: messages/s, times those of single inserts',
    atLeast: 5,
    of: of => of('bulk', 'lean-batch').perSecond / of('bulk', 'lean').perSecond,
  },
  { name: 'bulk inserts of 500: calls per message', atMost: 0.21, of: of => of('bulk', 'batch').callsPerMessage },
  {
    name: 'FIFO: order inversions',
    atMost: 0,
    of: of =>
      ['fifo', 'broker-fifo'].reduce((sum, key) => sum + of(key, 'own').inversions + of(key, 'lean').inversions, 0),
  },
  { name: 'FIFO: messages per receive', atLeast: 9, of: of => of('fifo', 'own').messagesPerReceive },
  { name: 'FIFO: groups handled in parallel', atLeast: 50, of: of => of('fifo', 'own').parallelGroups },
  {
    name: "a lone message: milliseconds to its handler beyond the SDK loop's, median",
    atMost: 1,
    of: of => of('lone', 'own').p50 - of('lone', 'loop').p50,
  },
];

const digits = value => Number(value.toPrecision(4));

/** `{ name, measured, atLeast | atMost }`, of turns also between which values it lies with 95 % certainty; those that the runs do not allow to compute are left out. */
export function targetsOf(runs) {
  const rounds = new Rounds(runs.filter(({ turn }) => turn === undefined));
  const inTurn = runs.filter(({ turn }) => turn !== undefined);
  const turns = new Rounds(inTurn.map(run => ({ ...run, round: `${run.round} ${run.turn}` })));
  return TARGETS.flatMap(({ of, inTurns, ...target }) => {
    try {
      const {
        median: measured,
        low,
        high,
      } = inTurns ? medianWithBounds(turns.each(of)) : { median: median(rounds.each(of)) };
      if (!Number.isFinite(measured)) return [];
      const bounds = inTurns && { between: [digits(low), digits(high)] };
      return [{ ...target, measured: digits(measured), ...bounds }];
    } catch (error) {
      if (error instanceof Missing) return [];
      throw error;
    }
  });
}

export const isMet = ({ measured, atLeast = -Infinity, atMost = Infinity }) =>
  measured >= atLeast && measured <= atMost;
