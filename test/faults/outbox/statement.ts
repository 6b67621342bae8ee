import type { ModelTransaction, RowLocks } from './row-locks.ts';

/** One statement, as it is carried out. */
export interface Statement {
  tx: ModelTransaction;
  values: readonly unknown[];
  locks: RowLocks;
}

export type Row = Record<string, unknown>;
export type CarryOut = (statement: Statement) => Row[] | Promise<Row[]>;
