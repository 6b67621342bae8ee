/** A server by `DATABASE_URL`, or binaries for this machine. */
export const hasPostgres: boolean;

export function makeFolder(path: string): void;

export class PostgresProcess {
  readonly folder: string;
  readonly port: number;
  readonly url: string;
  static create(settings?: Record<string, string>): Promise<PostgresProcess>;
  /**
   * A replica of a server that is stopped for the moment: with a copy of its files. It follows the port that the server
   * had last. @param settings beside those of the server
   */
  static replicaOf(primary: PostgresProcess, settings?: Record<string, string>): Promise<PostgresProcess>;
  start(leash?: { owner: number; stop: string }): Promise<void>;
  stop(): Promise<void>;
  remove(): Promise<void>;
}
