export type { SqlExecutor, SqlPool } from '../../interfaces/sql.interface.js';
