// The texts that users read: pages, doc comments of what is exported, errors and log lines.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';

export const ROOT = join(import.meta.dirname, '../..');
const below = folder =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map(name => `${folder}/${name}`)
    .toSorted();

/** Pages, by path. What typedoc makes comes from doc comments. */
export function pages() {
  const others = [
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'CHANGELOG.md',
    'apps/README.md',
    'examples/README.md',
  ];
  const all = [...others, ...below('docs'), ...below('libs/local-sns-sqs').filter(path => !path.includes('/src/'))];
  return all
    .filter(path => path.endsWith('.md') && !path.startsWith('docs/api/') && !path.includes('node_modules'))
    .map(path => ({ path, text: withoutFrontmatter(readFileSync(join(ROOT, path), 'utf8')) }));
}

const withoutFrontmatter = text => text.replace(/^---\n[\s\S]*?\n---\n/, '').replace(/^:::.*$/gm, '');

/** The names that the entries of a library export, by the file that declares them. */
function publicNames(library) {
  const entries = below(`${library}/src`).filter(path => path.endsWith('/index.ts'));
  const names = new Map();
  for (const entry of entries) {
    const text = readFileSync(join(ROOT, entry), 'utf8');
    for (const [, listed, from] of text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)'/gm)) {
      const file = posix.join(posix.dirname(entry), from.replace(/\.js$/, '.ts'));
      const found = listed.split(',').map(name => name.replace(/^\s*type\s+|\s+as .*/g, '').trim());
      names.set(file, [...(names.get(file) ?? []), ...found.filter(Boolean)]);
    }
  }
  return names;
}

/** Doc comments of the public names, and errors and log lines, a text for each file. */
export function sources() {
  return ['libs/nestjs-sns-sqs', 'libs/local-sns-sqs'].flatMap(library => {
    const names = publicNames(library);
    return below(`${library}/src`)
      .filter(path => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
      .map(path => ({ path, text: textsOf(path, names.get(path) ?? []).join('\n\n') }))
      .filter(({ text }) => text !== '');
  });
}

function textsOf(path, names) {
  const source = ts.createSourceFile(path, readFileSync(join(ROOT, path), 'utf8'), ts.ScriptTarget.Latest, true);
  const texts = [];
  const visit = node => {
    if (isPublic(node, names)) for (const comment of ts.getJSDocCommentsAndTags(node)) texts.push(docText(comment));
    if (ts.isNewExpression(node) && node.expression.getText() === 'SnsSqsError') texts.push(...literalsOf(node));
    if (ts.isCallExpression(node) && /logger\.(log|warn|error|fatal)$/.test(node.expression.getText())) {
      texts.push(...literalsOf(node));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return texts.map(text => text.trim()).filter(Boolean);
}

/** One of these names, or a member of one. */
function isPublic(node, names) {
  const modifiers = ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : [];
  if (modifiers.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)) return false;
  if (ts.isVariableStatement(node)) {
    return node.declarationList.declarations.some(({ name }) => names.includes(name.getText()));
  }
  if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isFunctionDeclaration(node)) {
    return names.includes(node.name?.getText());
  }
  if (ts.isTypeAliasDeclaration(node)) return names.includes(node.name.getText());
  const isMember = ts.isPropertySignature(node) || ts.isMethodSignature(node) || ts.isMethodDeclaration(node);
  return isMember && (ts.isInterfaceDeclaration(node.parent) || ts.isClassDeclaration(node.parent))
    ? isPublic(node.parent, names)
    : false;
}

function docText(comment) {
  if (!ts.isJSDoc(comment)) return '';
  const inner = comment
    .getText()
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/^\s*\* ?/gm, '');
  // Examples are code; a default is a value.
  return inner
    .replace(/@example[\s\S]*?(?=\n@|$)/g, '')
    .replace(/@default.*$/gm, '')
    .replace(/@(throws|param|returns)\b/g, '');
}

/** Sentences of an error or a log line; what is filled in is one word. */
function literalsOf(node) {
  const found = [];
  const visit = each => {
    if (ts.isStringLiteral(each) || ts.isNoSubstitutionTemplateLiteral(each)) found.push(each.text);
    else if (ts.isTemplateExpression(each)) {
      found.push(each.head.text + each.templateSpans.map(({ literal }) => `X${literal.text}`).join(''));
    } else ts.forEachChild(each, visit);
  };
  ts.forEachChild(node, visit);
  return found.filter(text => text.split(' ').length > 3);
}
