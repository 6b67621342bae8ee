/** A consumer renews the days in its queue's tags once a day. */
const RECENT_DAYS = 2;

/** The day in UTC, e.g. `2026-11-29`. */
export const today = (): string => new Date().toISOString().slice(0, 10);

/** Whether the day in a tag began less than so many days ago. What is no day did not. */
export const isWithinDays = (day: string, days: number, wallNow: number = Date.now()): boolean =>
  wallNow - Date.parse(day) < days * 86_400_000;

/** Whether the day in a tag is today or yesterday, as the tags of a queue that is consumed say. */
export const isRecent = (day: string, wallNow?: number): boolean => isWithinDays(day, RECENT_DAYS, wallNow);
