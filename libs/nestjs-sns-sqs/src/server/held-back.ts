/** The handler was not called, or what it did does not count: the message goes back to its queue, at no cost. */
export class HeldBackError extends Error {}
