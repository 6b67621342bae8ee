type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** An option that is given as undefined is not given: what is left may be spread over defaults. */
export const defined = <T extends object>(options: T | undefined): Defined<T> =>
  Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined)) as Defined<T>;
