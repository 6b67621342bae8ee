import type * as TypeScript from 'typescript';

type Compiler = typeof TypeScript;
const INDENT = '  ';
const NAME = /^[A-Za-z_$][\w$]*$/;

/**
 * A type as it travels, written out so that it depends on nothing: what JSON.stringify makes of a value of it. A date is a
 * string, methods are left out. `unknown` where a type contains itself, or has no form in JSON.
 * @param at where the type is looked at
 */
export function wireTypeOf(
  ts: Compiler,
  checker: TypeScript.TypeChecker,
  type: TypeScript.Type,
  at: TypeScript.Node,
): string {
  return new WireType(ts, checker, at).of(type, '', new Set());
}

const union = (types: readonly string[]): string => [...new Set(types)].join(' | ') || 'never';

class WireType {
  constructor(
    private readonly ts: Compiler,
    private readonly checker: TypeScript.TypeChecker,
    private readonly at: TypeScript.Node,
  ) {}

  of(type: TypeScript.Type, indent: string, around: ReadonlySet<TypeScript.Type>): string {
    const plain = this.plain(type);
    if (plain !== undefined) return plain;
    if (type.isUnion()) return this.unionOf(type.types, indent, around);
    // A brand makes no other value of it.
    const branded = type.isIntersection()
      ? type.types.map(each => this.plain(each)).find(each => each !== undefined)
      : undefined;
    if (branded !== undefined) return branded;
    if (around.has(type)) return 'unknown';
    const within = new Set([...around, type]);
    if (this.checker.isTupleType(type)) {
      const items = this.checker.getTypeArguments(type as TypeScript.TypeReference);
      return `[${items.map(each => this.of(each, indent, within)).join(', ')}]`;
    }
    if (this.checker.isArrayType(type)) {
      const [item] = this.checker.getTypeArguments(type as TypeScript.TypeReference);
      return item === undefined ? 'unknown[]' : `Array<${this.of(item, indent, within)}>`;
    }
    const json = this.toJson(type);
    return json === undefined ? this.objectOf(type, indent, within) : this.of(json, indent, within);
  }

  /** What needs no look inside; undefined: it does. */
  private plain(type: TypeScript.Type): string | undefined {
    const { TypeFlags } = this.ts;
    const is = (flags: TypeScript.TypeFlags): boolean => (type.flags & flags) !== 0;
    if (type.isStringLiteral() || type.isNumberLiteral()) return JSON.stringify(type.value);
    if (is(TypeFlags.BooleanLiteral)) return this.checker.typeToString(type);
    if (is(TypeFlags.StringLike) && !type.isUnion()) return 'string';
    if (is(TypeFlags.NumberLike) && !type.isUnion()) return 'number';
    if (is(TypeFlags.Boolean)) return 'boolean';
    if (is(TypeFlags.Null)) return 'null';
    if (is(TypeFlags.Never)) return 'never';
    const hasNone =
      TypeFlags.Any | TypeFlags.Unknown | TypeFlags.VoidLike | TypeFlags.BigIntLike | TypeFlags.ESSymbolLike;
    return is(hasNone | TypeFlags.NonPrimitive | TypeFlags.TypeParameter) ? 'unknown' : undefined;
  }

  private unionOf(types: readonly TypeScript.Type[], indent: string, around: ReadonlySet<TypeScript.Type>): string {
    // JSON leaves out what is undefined.
    const present = types.filter(({ flags }) => (flags & this.ts.TypeFlags.Undefined) === 0);
    const texts = present.map(each => this.of(each, indent, around));
    const isBoolean = texts.includes('true') && texts.includes('false');
    return union(isBoolean ? [...texts.filter(text => text !== 'true' && text !== 'false'), 'boolean'] : texts);
  }

  /** What `toJSON()` gives, as of a Date. */
  private toJson(type: TypeScript.Type): TypeScript.Type | undefined {
    const method = type.getProperty('toJSON');
    const [signature] = method ? this.checker.getTypeOfSymbolAtLocation(method, this.at).getCallSignatures() : [];
    return signature?.getReturnType();
  }

  private objectOf(type: TypeScript.Type, indent: string, around: ReadonlySet<TypeScript.Type>): string {
    const within = indent + INDENT;
    const lines = type.getProperties().flatMap(symbol => this.property(symbol, within, around));
    const index = type.getStringIndexType();
    if (lines.length === 0) return `Record<string, ${index ? this.of(index, indent, around) : 'unknown'}>`;
    const rest = index ? [`${within}[key: string]: ${this.of(index, within, around)};\n`] : [];
    return `{\n${[...lines, ...rest].join('')}${indent}}`;
  }

  private property(symbol: TypeScript.Symbol, indent: string, around: ReadonlySet<TypeScript.Type>): string[] {
    const type = this.checker.getTypeOfSymbolAtLocation(symbol, this.at);
    // Methods and symbols do not travel.
    if (symbol.name.startsWith('__@') || type.getCallSignatures().length > 0) return [];
    const isOptional =
      (symbol.flags & this.ts.SymbolFlags.Optional) !== 0 ||
      (type.isUnion() && type.types.some(({ flags }) => (flags & this.ts.TypeFlags.Undefined) !== 0));
    const comment = this.ts.displayPartsToString(symbol.getDocumentationComment(this.checker));
    const note = comment === '' ? '' : `${indent}/** ${comment.replaceAll('*/', '* /').replace(/\s+/g, ' ')} */\n`;
    const key = NAME.test(symbol.name) ? symbol.name : JSON.stringify(symbol.name);
    return [`${note}${indent}${key}${isOptional ? '?' : ''}: ${this.of(type, indent, around)};\n`];
  }
}
