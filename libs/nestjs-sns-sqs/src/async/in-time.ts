/**
 * What `work` gives. Rejects with `lateText` when `work` has not ended after `ms`. Where the event loop stood still
 * meanwhile, what came in that time is read first: an answer that lies ready is not late.
 */
export async function inTime<T>(work: Promise<T>, ms: number, lateText: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let afterReads: NodeJS.Immediate | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      afterReads = setImmediate(() => reject(new Error(lateText)));
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    clearImmediate(afterReads);
  }
}
