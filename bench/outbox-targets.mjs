// What is promised of the outbox, on two cores with everything on them.
import { isMet } from './lib/targets.mjs';

/** `perSecond` of ours, of the rival and of the loop by hand; `p50` in ms; `idle` in queries/s. */
const TARGETS = [
  { name: 'relayed events/s', atLeast: 5_000, of: ({ perSecond }) => perSecond },
  {
    name: "relayed events/s, times the best rival's",
    atLeast: 3,
    of: ({ perSecond, rival, byHand }) => perSecond / Math.max(rival, byHand),
  },
  { name: 'from commit to accepted: p50 in ms', atMost: 30, of: ({ p50 }) => p50 },
  { name: 'an idle relay: queries/s', atMost: 2, of: ({ idle }) => idle },
];

/** Prints each target. False: one is missed, or could not be measured. */
export function tellTargets(figures) {
  const results = TARGETS.map(({ of, ...target }) => {
    const measured = of(figures);
    // What is missing makes a figure NaN, which meets nothing.
    const isReached = isMet({ ...target, measured });
    const bound = target.atLeast === undefined ? `at most ${target.atMost}` : `at least ${target.atLeast}`;
    const figure = Number.isFinite(measured) ? Number(measured.toPrecision(3)) : 'not measured';
    console.log(`target, ${target.name}: ${bound}; ${figure}: ${isReached ? 'met' : 'MISSED'}`);
    return isReached;
  });
  return results.every(Boolean);
}
