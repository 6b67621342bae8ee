/** What a consumer submits deliveries to: runs them in lanes, one by one or in batches. */
export interface LaneSet<T> {
  /** Messages that run, wait for a slot or for their batch: while there are some, more capacity is to be expected. */
  readonly load: number;
  /** As {@link load}, without those that have slots of requests. */
  readonly ordinaryLoad: number;
  /** Messages whose handlers run. */
  readonly inWork: number;
  /** Messages that were submitted and have not ended. */
  readonly held: number;
  /** Handlers that run, or could if there were a slot. */
  readonly slotsInUse: number;
  /** True: an item of this key would wait behind another. */
  isTaken(key: string | undefined): boolean;
  submit(item: T, key: string | undefined): void;
  /** Starts as much as may run. */
  pump(): void;
  /** Hands back what has not started. */
  returnUnstarted(): void;
  /** Starts nothing more; hands back what has not started, and resolves when what runs has ended. */
  stop(): Promise<void>;
}
