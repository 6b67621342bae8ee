import { expected, isObject, isPlainObject, isUrl, ofType, quoted, typeName, unrecognized } from './schema-words.js';

/** Something that is wrong with a value. */
export interface Issue {
  path: readonly string[];
  message: string;
  /** Names that an object has and its schema has not; then `path` is the object's. */
  unknownNames?: readonly string[];
}

type Report = (issue: Issue) => void;

/** What a value must be. Options need a dozen kinds; docs/adr/0008 says why they are here and not a package's. */
export abstract class Schema {
  /** Tells `report` everything that is wrong with the value. */
  abstract check(value: unknown, path: readonly string[], report: Report): void;

  issuesOf(value: unknown): Issue[] {
    const issues: Issue[] = [];
    this.check(value, [], issue => issues.push(issue));
    return issues;
  }

  /** The schema of the value itself, for {@link Optional} and its like. */
  get core(): Schema {
    return this;
  }

  /** Undefined is right, too. */
  optional(): Schema {
    return new Around(this, (value, inner) => {
      if (value !== undefined) inner(value);
    });
  }

  /** `find` tells what else is wrong, once nothing else is. A path is given from the value on. */
  refine(find: (value: never) => readonly Issue[]): Schema {
    return new Around(this, (value, inner, path, report) => {
      if (inner(value)) for (const issue of find(value as never)) report({ ...issue, path: [...path, ...issue.path] });
    });
  }
}

/** Gives a value on; true: nothing was wrong with it. */
type Inner = (value: unknown) => boolean;

/** Another schema, and something before or after it. */
class Around extends Schema {
  constructor(
    private readonly schema: Schema,
    private readonly run: (value: unknown, inner: Inner, path: readonly string[], report: Report) => void,
  ) {
    super();
  }

  override get core(): Schema {
    return this.schema.core;
  }

  check(value: unknown, path: readonly string[], report: Report): void {
    const inner: Inner = given => {
      let isRight = true;
      this.schema.check(given, path, issue => {
        isRight = false;
        report(issue);
      });
      return isRight;
    };
    this.run(value, inner, path, report);
  }
}

/** A value that is right or wrong as a whole, and then rules that it may break. */
export class Simple<T> extends Schema {
  private readonly rules: ReadonlyArray<Rule<T>>;

  constructor(
    private readonly isRight: (value: unknown) => boolean,
    private readonly messageOf: (value: unknown) => string,
    rules: ReadonlyArray<Rule<T>> = [],
  ) {
    super();
    this.rules = rules;
  }

  check(value: unknown, path: readonly string[], report: Report): void {
    if (!this.isRight(value)) {
      report({ path, message: this.messageOf(value) });
      return;
    }
    for (const { isRight, message, isLast } of this.rules) {
      if (isRight(value as T)) continue;
      report({ path, message });
      if (isLast) return;
    }
  }

  protected with(rule: Rule<T>): this {
    const Own = this.constructor as new (
      isRight: (value: unknown) => boolean,
      messageOf: (value: unknown) => string,
      rules: ReadonlyArray<Rule<T>>,
    ) => this;
    return new Own(this.isRight, this.messageOf, [...this.rules, rule]);
  }
}

export interface Rule<T> {
  isRight: (value: T) => boolean;
  message: string;
  /** Where it is broken the rules behind it are not asked. */
  isLast?: boolean;
}

export class NumberSchema extends Simple<number> {
  int(): this {
    return this.with({ isRight: Number.isSafeInteger, message: expected('int', 'number'), isLast: true });
  }

  min(least: number, message = `Too small: expected number to be >=${least}`): this {
    return this.with({ isRight: value => value >= least, message });
  }

  gt(bound: number): this {
    return this.with({ isRight: value => value > bound, message: `Too small: expected number to be >${bound}` });
  }

  max(most: number): this {
    return this.with({ isRight: value => value <= most, message: `Too big: expected number to be <=${most}` });
  }
}

export class StringSchema extends Simple<string> {
  min(least: number): this {
    const message = `Too small: expected string to have >=${least} characters`;
    return this.with({ isRight: ({ length }) => length >= least, message });
  }

  max(most: number): this {
    const message = `Too big: expected string to have <=${most} characters`;
    return this.with({ isRight: ({ length }) => length <= most, message });
  }

  regex(pattern: RegExp, message: string): this {
    return this.with({ isRight: value => pattern.test(value), message });
  }
}

class ArraySchema extends Schema {
  constructor(private readonly item: Schema) {
    super();
  }

  check(value: unknown, path: readonly string[], report: Report): void {
    if (!Array.isArray(value)) return report({ path, message: expected('array', typeName(value)) });
    for (const [at, item] of value.entries()) this.item.check(item, [...path, String(at)], report);
  }
}

/** An object whose names are the user's. */
export class RecordSchema extends Schema {
  constructor(readonly valueType: Schema) {
    super();
  }

  check(value: unknown, path: readonly string[], report: Report): void {
    if (!isPlainObject(value)) return report({ path, message: expected('record', typeName(value)) });
    for (const [name, item] of Object.entries(value)) this.valueType.check(item, [...path, name], report);
  }
}

/** An object whose names are known. */
export class ObjectSchema extends Schema {
  constructor(
    readonly shape: Readonly<Record<string, Schema>>,
    private readonly isStrict: boolean,
  ) {
    super();
  }

  check(value: unknown, path: readonly string[], report: Report): void {
    if (!isObject(value)) return report({ path, message: expected('object', typeName(value)) });
    for (const [name, schema] of Object.entries(this.shape)) schema.check(value[name], [...path, name], report);
    if (!this.isStrict) return;
    const unknownNames = Object.keys(value).filter(name => !Object.hasOwn(this.shape, name));
    if (unknownNames.length > 0) report({ path, message: unrecognized(unknownNames), unknownNames });
  }
}

/** Makes schemas. */
export const z = {
  string: (): StringSchema => new StringSchema(...ofType('string', value => typeof value === 'string')),
  /** Neither NaN nor infinite. */
  number: (): NumberSchema => new NumberSchema(...ofType('number', Number.isFinite)),
  boolean: (): Schema => new Simple(...ofType('boolean', value => typeof value === 'boolean')),
  symbol: (): Schema => new Simple(...ofType('symbol', value => typeof value === 'symbol')),
  enum: (values: readonly string[]): Schema =>
    new Simple(
      value => values.includes(value as string),
      () => `Invalid option: expected one of ${quoted(values, '|')}`,
    ),
  url: (protocol: RegExp): Schema =>
    new Simple(
      value => isUrl(value, protocol),
      value => (typeof value === 'string' ? 'Invalid URL' : expected('string', typeName(value))),
    ),
  custom: (isRight: (value: unknown) => boolean, message: string): Schema => new Simple(isRight, () => message),
  instanceof: (type: abstract new (...args: never[]) => unknown): Schema =>
    new Simple(...ofType(type.name, value => value instanceof type)),
  array: (item: Schema): Schema => new ArraySchema(item),
  record: (valueType: Schema): Schema => new RecordSchema(valueType),
  /** Other names are let be. */
  object: (shape: Readonly<Record<string, Schema>>): ObjectSchema => new ObjectSchema(shape, false),
  /** Other names are refused. */
  strictObject: (shape: Readonly<Record<string, Schema>>): ObjectSchema => new ObjectSchema(shape, true),
  /** A value that is wrong as a whole, with one message in place of one for each part. */
  refusing: (isWrong: (value: unknown) => boolean, message: string, schema: Schema): Schema =>
    new Around(schema, (value, inner, path, report) =>
      isWrong(value) ? report({ path, message }) : void inner(value),
    ),
  /** Checks what `prepare` makes of the value. */
  prepared: (prepare: (value: unknown) => unknown, schema: Schema): Schema =>
    new Around(schema, (value, inner) => void inner(prepare(value))),
};
