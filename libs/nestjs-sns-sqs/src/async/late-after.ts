/**
 * Calls back after `ms`, unless what this returns is called before. Where the event loop stood still meanwhile, what came
 * in that time is read first: an answer that lies ready is not late.
 */
export function lateAfter(ms: number, onLate: () => void): () => void {
  let afterReads: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    afterReads = setImmediate(onLate);
  }, ms);
  return () => {
    clearTimeout(timer);
    clearImmediate(afterReads);
  };
}
