import type { TopologyDocument } from '../topology-document.js';
import { cloudFormationOf, type CloudFormationResource } from './cloudformation.js';
import type { ExportOptions } from './export-options.js';

/** The module of aws-cdk-lib of each type, and the properties whose value is JSON of its own. */
const CONSTRUCTS: Readonly<Record<string, { module: string; construct: string; json: readonly string[] }>> = {
  'AWS::SNS::Topic': { module: 'sns', construct: 'CfnTopic', json: [] },
  'AWS::SQS::Queue': { module: 'sqs', construct: 'CfnQueue', json: ['RedrivePolicy', 'RedriveAllowPolicy'] },
  'AWS::SNS::Subscription': { module: 'sns', construct: 'CfnSubscription', json: ['FilterPolicy', 'RedrivePolicy'] },
  'AWS::SQS::QueuePolicy': { module: 'sqs', construct: 'CfnQueuePolicy', json: ['PolicyDocument'] },
  'AWS::CloudWatch::Alarm': { module: 'cloudwatch', construct: 'CfnAlarm', json: [] },
  'AWS::IAM::ManagedPolicy': { module: 'iam', construct: 'CfnManagedPolicy', json: ['PolicyDocument'] },
};

const INDENT = '  ';
/** In characters: where a list is written on lines of its own. */
const LINE = 80;

const text = (value: string): string =>
  `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
const isName = (key: string): boolean => /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(key);
const camel = (name: string): string => name.slice(0, 1).toLowerCase() + name.slice(1);

/** `{ Ref: 'X' }` as a text, for properties that take no object. */
function intrinsic(value: object): string | undefined {
  const [[name, argument] = []] = Object.entries(value) as Array<[string, unknown]>;
  if (name === 'Ref') return `Fn.ref(${text(argument as string)})`;
  if (name === 'Fn::GetAtt') {
    const [id, attribute] = argument as [string, string];
    return `Fn.getAtt(${text(id)}, ${text(attribute)}).toString()`;
  }
  return name === 'Fn::Sub' ? `Fn.sub(${text(argument as string)})` : undefined;
}

/** @param isJson true: keys and intrinsics stay as CloudFormation has them */
function source(value: unknown, isJson: boolean, indent: string): string {
  if (typeof value === 'string') return text(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const inner = indent + INDENT;
  if (Array.isArray(value))
    return bracketed(
      '[',
      value.map(item => source(item, isJson, inner)),
      ']',
      indent,
    );
  if (!isJson) {
    const call = intrinsic(value);
    if (call !== undefined) return call;
  }
  const entries = Object.entries(value).map(([name, item]) => {
    const key = isJson ? name : camel(name);
    return `${isName(key) ? key : text(key)}: ${source(item, isJson, inner)}`;
  });
  return bracketed('{ ', entries, ' }', indent);
}

function bracketed(open: string, items: readonly string[], close: string, indent: string): string {
  const short = `${open}${items.join(', ')}${close}`;
  if (items.length === 0) return `${open}${close}`.replaceAll(' ', '');
  if (short.length + indent.length < LINE && !short.includes('\n')) return short;
  const inner = indent + INDENT;
  return `${open.trim()}\n${items.map(item => `${inner}${item},`).join('\n')}\n${indent}${close.trim()}`;
}

function construct(id: string, { Type, Properties, DeletionPolicy }: CloudFormationResource): string {
  const { module, construct: name, json } = CONSTRUCTS[Type];
  const indent = INDENT.repeat(2);
  const inner = indent + INDENT;
  const properties = Object.entries(Properties).map(
    ([key, value]) => `${inner}${camel(key)}: ${source(value, json.includes(key), inner)},`,
  );
  const made = `new ${module}.${name}(this, ${text(id)}, {\n${properties.join('\n')}\n${indent}})`;
  return `${indent}${made}${DeletionPolicy ? '.applyRemovalPolicy(RemovalPolicy.RETAIN)' : ''};`;
}

/** A stack for CDK 2 in TypeScript, which synthesises the template of `--format cloudformation`. */
export function cdkOf(document: TopologyDocument, options: ExportOptions = {}): string {
  const { Resources, Outputs = {}, Description } = cloudFormationOf(document, options);
  const resources = Object.entries(Resources);
  const modules = [...new Set(resources.map(([, { Type }]) => CONSTRUCTS[Type]?.module ?? ''))].toSorted();
  const core = [
    ...(Object.keys(Outputs).length > 0 ? ['CfnOutput'] : []),
    'Fn',
    ...(resources.some(([, { DeletionPolicy }]) => DeletionPolicy) ? ['RemovalPolicy'] : []),
    'Stack',
    'type StackProps',
  ];
  const outputs = Object.entries(Outputs).map(
    ([id, { Description: description, Value }]) =>
      `    new CfnOutput(this, ${text(id)}, { description: ${text(description)}, value: ${source(Value, false, '')} });`,
  );
  return `// Written by nestjs-sns-sqs topology export. Write it anew when the handlers change.
import { ${core.join(', ')} } from 'aws-cdk-lib';
${modules.map(module => `import * as ${module} from 'aws-cdk-lib/aws-${module}';`).join('\n')}
import type { Construct } from 'constructs';

export class MessagingStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, { description: ${text(Description)}, ...props });

${[...resources.map(([id, each]) => construct(id, each)), ...outputs].join('\n')}
  }
}
`;
}
