import type { StandardSchemaV1 } from '@standard-schema/spec';

declare const TYPE: unique symbol;

/** A type without a schema: checked at compile time only. */
export interface Typed<T> {
  readonly [TYPE]?: T;
}

/** `typed<UserRegistered>()` names a type in a contract where no schema is wanted. */
export const typed = <T>(): Typed<T> => ({});

/** What one event or command carries: a type, or a Standard Schema (zod, valibot, arktype, …). */
export type Shape = StandardSchemaV1 | Typed<unknown>;
export type Shapes = Readonly<Record<string, Shape>>;

/** What is given to `emit`. */
export type InputOf<S> = S extends StandardSchemaV1
  ? StandardSchemaV1.InferInput<S>
  : S extends Typed<infer T>
    ? T
    : never;

/** What a handler gets. */
export type OutputOf<S> = S extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<S>
  : S extends Typed<infer T>
    ? T
    : never;
