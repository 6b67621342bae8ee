export interface ServiceEnd {
  code: number | null;
  signal: string | null;
}

export interface ServiceProcess {
  name: string;
  url: string | undefined;
  lines: string[];
  pid: number;
  ended: Promise<ServiceEnd>;
  send(message: object): void;
  stop(): Promise<ServiceEnd>;
}

export function startService(options: {
  name: string;
  script: string;
  env: Record<string, string | undefined>;
  onLine?: (name: string, line: string) => void;
  signal: AbortSignal;
  /** In milliseconds. @default 30000 */
  startLimitMs?: number;
}): Promise<ServiceProcess>;
