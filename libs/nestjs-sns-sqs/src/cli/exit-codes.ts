/** What the shell learns of a command. */
export const EXIT = {
  ok: 0,
  /** The command could not do its work. */
  error: 1,
  /** The command did its work and found something: drift, a breaking change, a problem. */
  findings: 2,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
