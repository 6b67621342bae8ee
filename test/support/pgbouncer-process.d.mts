/** Where Debian's packages are unpacked. */
export const UNPACKED: string;

/** Undefined: it is not here. */
export function findPgBouncer(): string | undefined;

export class PgBouncerProcess {
  readonly folder: string;
  readonly port: number;
  /**
   * @param databases by the name that clients use: what stands behind it, as in the section `[databases]`
   * @param settings as in the section `[pgbouncer]`
   */
  static create(
    databases: Record<string, string>,
    settings?: Record<string, string | number>,
  ): Promise<PgBouncerProcess>;
  url(database: string): string;
  start(): Promise<void>;
  stop(): Promise<void>;
  remove(): Promise<void>;
}
