import { errorText } from '../../errors/aws-errors.js';
import { partitionOf } from '../../topology/partitions.js';
import { placed, type Place } from '../../topology/export/arn-texts.js';
import { rolesOf, type Role, type RoleStatement } from '../../topology/export/roles.js';
import type { TopologyDocument } from '../../topology/topology-document.js';
import type { SignedCalls } from '../../wire/signed-calls.js';
import type { Symptom } from './symptoms.js';

/** Two calls, as far as they are needed here. */
export type IamCalls = Pick<SignedCalls, 'query'>;

export interface RoleLook {
  calls: IamCalls;
  region: () => Promise<string>;
  /** Undefined: the credentials' own. */
  role: string | undefined;
  /** Told why nothing is known. */
  note: (text: string) => void;
}

/** Resources of one call; each is combined with each action. */
const MAX_RESOURCES = 20;
/** Roles that a running app has. Who deploys has the provisioner's. */
const OF_THE_APP = new Set(['consumer', 'publisher', 'requester']);
const READS = /:(Get|List)/;

/**
 * Asks IAM what the app's role may not do, before a message meets it: a dead letter that may not be written shows with the
 * first failure only. Never rejects: who may not simulate learns nothing, and is told so.
 */
export async function roleSymptoms(document: TopologyDocument, look: RoleLook): Promise<Symptom[]> {
  const [self] = document.services.map(({ service }) => service);
  const [publisher] = document.publishers.map(({ service }) => service);
  const service = self ?? publisher ?? '';
  try {
    const region = await look.region();
    const caller = await callerOf(look.calls);
    const source = look.role ?? roleArn(caller.arn);
    // The root user may do everything.
    if (source.endsWith(':root')) return [];
    const place = { partition: partitionOf(region), region, account: caller.account };
    const denied = await deniedTo(source, needsOf(document), place, look.calls);
    return [...denied].map(([resource, actions]) => ({
      rule: 'permission-missing',
      service,
      resource,
      text: `${source} may not call ${[...actions].join(', ')}, by IAM's simulation, which does not know queue policies`,
      remedy: 'compare the role with `topology export --format iam`',
    }));
  } catch (error) {
    look.note(`Permissions are not simulated: ${errorText(error)}`);
    return [];
  }
}

/** What the app calls in its mode of provisioning. */
function needsOf(document: TopologyDocument): RoleStatement[] {
  const modes = new Set(document.services.map(({ provisioning }) => provisioning));
  const statements = ({ name, statements: all }: Role): RoleStatement[] => {
    if (OF_THE_APP.has(name)) return all;
    if (name !== 'provisioner' || (modes.size === 1 && modes.has('off'))) return [];
    if (modes.has('create')) return all;
    return all.map(each => ({ ...each, actions: each.actions.filter(action => READS.test(action)) }));
  };
  return rolesOf(document)
    .flatMap(statements)
    .filter(({ actions, condition }) => actions.length > 0 && condition === undefined);
}

async function callerOf(calls: IamCalls): Promise<{ arn: string; account: string }> {
  const xml = await calls.query('sts', 'GetCallerIdentity', {});
  return { arn: textIn(xml, 'Arn'), account: textIn(xml, 'Account') };
}

/** `arn:aws:sts::1:assumed-role/app/session` → `arn:aws:iam::1:role/app`. A role's path is not in the former. */
function roleArn(arn: string): string {
  const match = /^arn:([^:]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(arn);
  return match ? `arn:${match[1]}:iam::${match[2]}:role/${match[3]}` : arn;
}

const textIn = (xml: string, name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';

/** Denied actions, by resource. */
async function deniedTo(
  source: string,
  statements: readonly RoleStatement[],
  place: Place,
  calls: IamCalls,
): Promise<Map<string, Set<string>>> {
  const denied = new Map<string, Set<string>>();
  for (const { actions, resources } of statements) {
    for (let at = 0; at < resources.length; at += MAX_RESOURCES) {
      const arns = resources.slice(at, at + MAX_RESOURCES).map(text => placed(text, place));
      for await (const xml of simulation(source, actions, arns, calls)) {
        for (const [, result = ''] of xml.matchAll(/<member>([\s\S]*?<EvalDecision>[\s\S]*?)<\/member>/g)) {
          if (textIn(result, 'EvalDecision') === 'allowed') continue;
          const resource = textIn(result, 'EvalResourceName');
          denied.set(resource, (denied.get(resource) ?? new Set()).add(textIn(result, 'EvalActionName')));
        }
      }
    }
  }
  return denied;
}

/** Each page of a SimulatePrincipalPolicy. */
async function* simulation(
  source: string,
  actions: readonly string[],
  arns: readonly string[],
  calls: IamCalls,
): AsyncGenerator<string> {
  const numbered = (name: string, all: readonly string[]): Array<[string, string]> =>
    all.map((value, at) => [`${name}.member.${at + 1}`, value]);
  const parameters = Object.fromEntries([
    ['PolicySourceArn', source],
    ['MaxItems', '1000'],
    ...numbered('ActionNames', actions),
    ...numbered('ResourceArns', arns),
  ]) as Record<string, string>;
  let marker = '';
  do {
    const xml = await calls.query('iam', 'SimulatePrincipalPolicy', {
      ...parameters,
      ...(marker !== '' && { Marker: marker }),
    });
    yield xml;
    marker = textIn(xml, 'IsTruncated') === 'true' ? textIn(xml, 'Marker') : '';
  } while (marker !== '');
}
