export interface MailCatcher {
  url: string;
  mails: Array<{ to: string; subject: string }>;
  failNext(count: number): void;
  refused(): number;
  stop(): Promise<void>;
}

export function startMailCatcher(port?: number): Promise<MailCatcher>;
