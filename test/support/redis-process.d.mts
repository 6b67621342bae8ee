export class RedisProcess {
  readonly port: number;
  readonly url: string;
  /** @param settings besides `port` and `directory`: as `redis-server` names them */
  constructor(settings: { port: number; directory: string; [name: string]: string | number });
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function freePort(): Promise<number>;
