/** Tells the time that an answer's `Date` header states, if it states one. */
export function noteDate(header: string | undefined, onDate: (date: number) => void): void {
  const date = Date.parse(header ?? '');
  if (!Number.isNaN(date)) onDate(date);
}
