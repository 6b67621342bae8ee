import ts from 'typescript';
import { docsPages, librarySources } from './support/pages.js';

/** Options that users write, by the file below `src` that declares them. */
const DECLARED: Record<string, RegExp> = {
  'interfaces/options.interface.ts': /Options$/,
  'interfaces/client-options.interface.ts': /Options(Base)?$/,
  'interfaces/handler-options.interface.ts': /^BatchOptions$/,
  'interfaces/inbox-options.interface.ts': /Options$/,
  'interfaces/steering-options.interface.ts': /Options$/,
  'interfaces/topology-options.interface.ts': /Options$/,
  'interfaces/outbox-store.interface.ts': /Options$/,
  'postgres/outbox/outbox-options.ts': /Options$/,
  'postgres/inbox/postgres-inbox-options.ts': /Options$/,
  'dead-letters/desk-options.ts': /^DeadLetterDeskOptions$/,
  'metrics/metrics-options.ts': /Options$/,
  'prometheus/sns-sqs-metrics.ts': /Options$/,
  'otel/otel-options.ts': /Options$/,
  'otel/otel-metrics.ts': /Options$/,
};

/** First cells of the tables, where an option is `name`, `… name` or `parent.name`. */
const named = new Set(
  docsPages().flatMap(({ text }) =>
    [...text.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(?:… |(\w+)\.)?(\w+)`/g)].flatMap(([, parent, name]) => [parent, name]),
    ),
  ),
);

function optionsOf(text: string, interfaces: RegExp): string[] {
  const source = ts.createSourceFile('options.ts', text, ts.ScriptTarget.Latest, true);
  return source.statements
    .filter(ts.isInterfaceDeclaration)
    .filter(({ name, modifiers }) => modifiers !== undefined && interfaces.test(name.text))
    .flatMap(({ members }) => members.map(member => member.name?.getText() ?? ''));
}

describe.each(Object.entries(DECLARED))('options of %s', (file, interfaces) => {
  const source = librarySources().find(({ path }) => path.endsWith(`/src/${file}`));
  const options = optionsOf(source?.text ?? '', interfaces);

  it('are in a table of the docs, each', () => {
    expect(options).not.toEqual([]);
    expect(options.filter(name => !named.has(name))).toEqual([]);
  });
});
