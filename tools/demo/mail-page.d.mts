import type { MailCatcher } from './mail-catcher.mjs';

export interface MailPage {
  /** `http://127.0.0.1:8025` */
  url: string;
  stop(): Promise<void>;
}

/** Shows the letters of a mail catcher in a browser. */
export function startMailPage(letters: MailCatcher['letters'], port?: number): Promise<MailPage>;
