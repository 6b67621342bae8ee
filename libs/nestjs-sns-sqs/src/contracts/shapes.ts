import type { StandardSchemaV1 } from '@standard-schema/spec';

declare const TYPE: unique symbol;

/** A type without a schema: checked at compile time only. */
export interface Typed<T> {
  readonly [TYPE]?: T;
}

/**
 * `typed<UserRegistered>()` names a type in a contract that has no schema for it.
 *
 * @example
 * ```ts
 * const users = defineContract('users', { events: { 'user.deleted': typed<{ id: string }>() } });
 * ```
 */
export const typed = <T>(): Typed<T> => ({});

/** The payload of one event or command: a type, or a Standard Schema (zod, valibot, arktype, …). */
export type Shape = StandardSchemaV1 | Typed<unknown>;
export type Shapes = Readonly<Record<string, Shape>>;

/** A request and what it is answered with: each item, where a stream answers. */
export interface RequestShape {
  request: Shape;
  reply: Shape;
}
export type RequestShapes = Readonly<Record<string, RequestShape>>;

/** Looks at no more of a schema than it must: some schemas' types are too deep to be compared as a whole. */
type TypesOf<S> = S extends { readonly '~standard': { readonly types?: infer T } } ? NonNullable<T> : never;

/** The value for `emit` and `send`, and returned by the handler of a request. */
export type InputOf<S> = S extends { readonly '~standard': unknown }
  ? TypesOf<S> extends { readonly input: infer I }
    ? I
    : never
  : S extends Typed<infer T>
    ? T
    : never;

/** The value that a handler gets, and the caller of a request. */
export type OutputOf<S> = S extends { readonly '~standard': unknown }
  ? TypesOf<S> extends { readonly output: infer O }
    ? O
    : never
  : S extends Typed<infer T>
    ? T
    : never;
