/** Milliseconds with a fraction, of the machine's monotonic clock: the same in every process. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
