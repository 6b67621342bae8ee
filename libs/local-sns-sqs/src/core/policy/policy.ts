import { isRecord } from '../input.js';

export interface Statement {
  effect: 'Allow' | 'Deny';
  principals: string[];
  notPrincipal: boolean;
  actions: string[];
  notAction: boolean;
  resources: string[];
  conditions: Array<{ operator: string; key: string; values: string[] }>;
}

/** A caller and its wish, with the values of the condition keys (lower case). */
export interface AccessRequest {
  /** Every name under which a statement may mean the caller: `Service:sns.amazonaws.com`, `AWS:000000000000`. */
  principals: readonly string[];
  action: string;
  resource: string;
  context: ReadonlyMap<string, string>;
  /** The condition keys that the broker knows, with a value or without. @default every one */
  known?: ReadonlySet<string>;
}

const list = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === 'string');

const scalars = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value])
    .filter(item => ['string', 'number', 'boolean'].includes(typeof item))
    .map(String);

function principalsOf(value: unknown): string[] {
  if (!isRecord(value)) return list(value);
  return Object.entries(value).flatMap(([kind, names]) =>
    list(names).map(name => (name === '*' ? '*' : `${kind}:${name}`)),
  );
}

function conditionsOf(value: unknown): Statement['conditions'] {
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([operator, keys]) =>
    Object.entries(isRecord(keys) ? keys : {}).map(([key, values]) => ({
      operator,
      key: key.toLowerCase(),
      values: scalars(values),
    })),
  );
}

function statementOf(value: unknown): Statement | undefined {
  if (!isRecord(value)) return undefined;
  if (value.Effect !== 'Allow' && value.Effect !== 'Deny') return undefined;
  const actions = list(value.Action ?? value.NotAction);
  if (actions.length === 0) return undefined;
  return {
    effect: value.Effect,
    principals: principalsOf(value.Principal ?? value.NotPrincipal),
    notPrincipal: value.NotPrincipal !== undefined,
    actions: actions.map(action => action.toLowerCase()),
    notAction: value.NotAction !== undefined,
    resources: list(value.Resource ?? '*'),
    conditions: conditionsOf(value.Condition),
  };
}

/** The statements of an access policy, or undefined when it is none. */
export function parsePolicy(text: string): Statement[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed) || parsed.Statement === undefined) return undefined;
  const raw: unknown[] = Array.isArray(parsed.Statement) ? parsed.Statement : [parsed.Statement];
  const statements = raw.map(statementOf);
  return statements.every(statement => statement !== undefined) ? statements : undefined;
}

/** Matches `*` and `?` as policies do. */
export function wildcard(pattern: string, value: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === value;
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`, 's').test(value);
}

function conditionHolds({ operator, key, values }: Statement['conditions'][number], request: AccessRequest): boolean {
  // Nobody is kept out, or let in, for what cannot be known here.
  if (request.known && !request.known.has(key)) return false;
  const actual = request.context.get(key);
  const [, set, base = '', ifExists] = /^(ForAnyValue:|ForAllValues:)?(.*?)(IfExists)?$/.exec(operator) ?? [];
  if (base === 'Null') return values.includes(String(actual === undefined));
  // Of an absent key all of its no values match, none of them does, and it is not what it should not be.
  if (actual === undefined) {
    return ifExists !== undefined || set === 'ForAllValues:' || (set === undefined && /Not/.test(base));
  }
  switch (base) {
    case 'StringEquals':
      return values.includes(actual);
    case 'StringNotEquals':
      return !values.includes(actual);
    case 'StringEqualsIgnoreCase':
      return values.some(value => value.toLowerCase() === actual.toLowerCase());
    case 'StringNotEqualsIgnoreCase':
      return !values.some(value => value.toLowerCase() === actual.toLowerCase());
    case 'ArnEquals':
    case 'ArnLike':
    case 'StringLike':
      return values.some(value => wildcard(value, actual));
    case 'ArnNotEquals':
    case 'ArnNotLike':
    case 'StringNotLike':
      return !values.some(value => wildcard(value, actual));
    case 'Bool':
      return values.some(value => value.toLowerCase() === actual.toLowerCase());
    default:
      return false;
  }
}

function applies(statement: Statement, request: AccessRequest): boolean {
  const principal = statement.principals.some(name => name === '*' || request.principals.includes(name));
  if (principal === statement.notPrincipal) return false;
  const action = statement.actions.some(pattern => wildcard(pattern, request.action.toLowerCase()));
  if (action === statement.notAction) return false;
  if (!statement.resources.some(pattern => wildcard(pattern, request.resource))) return false;
  return statement.conditions.every(condition => conditionHolds(condition, request));
}

export type Verdict = 'allowed' | 'denied' | 'unsaid';

/** An explicit Deny wins, then any Allow. */
export function judge(statements: readonly Statement[], request: AccessRequest): Verdict {
  const applicable = statements.filter(statement => applies(statement, request));
  if (applicable.some(({ effect }) => effect === 'Deny')) return 'denied';
  return applicable.length > 0 ? 'allowed' : 'unsaid';
}

/** Nothing said is no. */
export const isAllowed = (statements: readonly Statement[], request: AccessRequest): boolean =>
  judge(statements, request) === 'allowed';
