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
  stop(): Promise<ServiceEnd>;
}

export function startService(options: {
  name: string;
  script: string;
  env: Record<string, string | undefined>;
  onLine?: (name: string, line: string) => void;
  signal: AbortSignal;
}): Promise<ServiceProcess>;
