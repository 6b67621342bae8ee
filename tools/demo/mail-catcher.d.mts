export interface MailCatcher {
  url: string;
  mails: Array<{ to: string; subject: string }>;
  /** The latest 200, whole: `at` in epoch milliseconds. */
  letters: Array<{ at: number; to: string; subject: string; text: string }>;
  failNext(count: number): void;
  recover(): void;
  refused(): number;
  stop(): Promise<void>;
}

export function startMailCatcher(port?: number): Promise<MailCatcher>;
