/** Of `notifications`. Both run side by side. */
export type Release = 1 | 2;

/** What only the second release knows. */
export const SECOND_RELEASE = {
  /** `user.email-changed` with another payload. */
  event: 'user.email-changed.v2',
  command: 'note-bounced-mail',
} as const;
