/** A step of the schema. It is never changed once it was released: a later step changes what it made. */
export interface Migration {
  /** Its name in the table of versions, e.g. `outbox-1`. */
  name: string;
  /** The statements, for a schema. */
  statements: (schema: string) => string[];
}
