import { documentWith, queueWith } from '../../../test/document-with.js';
import type { TopologyDocument } from '../../topology/topology-document.js';
import { roleSymptoms } from './role-symptoms.js';

const ACCOUNT = '123456789012';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/notifications`;
const DLQ = `arn:aws:sqs:eu-west-1:${ACCOUNT}:mail-dlq`;

/** IAM, which allows everything but what is named. `pages`: each answer has one result only. */
class FakeIam {
  readonly sources = new Set<string>();
  readonly asked: string[] = [];
  denied: (action: string, resource: string) => boolean = () => false;
  failure: Error | undefined;
  pages = false;

  constructor(private readonly caller = `arn:aws:sts::${ACCOUNT}:assumed-role/notifications/session`) {}

  query(service: string, action: string, given: Readonly<Record<string, string>>): Promise<string> {
    if (service === 'sts') return Promise.resolve(`<Arn>${this.caller}</Arn><Account>${ACCOUNT}</Account>`);
    expect(action).toBe('SimulatePrincipalPolicy');
    if (this.failure) return Promise.reject(this.failure);
    this.sources.add(given['PolicySourceArn'] ?? '');
    const all = (name: string): string[] =>
      Object.entries(given).flatMap(([key, value]) => (key.startsWith(`${name}.`) ? [value] : []));
    const results = all('ResourceArns').flatMap(resource =>
      all('ActionNames').map(each => {
        this.asked.push(`${each} ${resource}`);
        const decision = this.denied(each, resource) ? 'implicitDeny' : 'allowed';
        return `<member><EvalActionName>${each}</EvalActionName><EvalResourceName>${resource}</EvalResourceName><EvalDecision>${decision}</EvalDecision><MatchedStatements/></member>`;
      }),
    );
    const at = Number(given['Marker'] ?? 0);
    if (!this.pages) return Promise.resolve(`<IsTruncated>false</IsTruncated>${results.join('')}`);
    const isLast = at === results.length - 1;
    return Promise.resolve(
      `<IsTruncated>${!isLast}</IsTruncated>${isLast ? '' : `<Marker>${at + 1}</Marker>`}${results[at]}`,
    );
  }
}

async function look(iam: FakeIam, document: TopologyDocument = documentWith({}), role?: string) {
  const notes: string[] = [];
  const symptoms = await roleSymptoms(document, {
    calls: iam,
    region: () => Promise.resolve('eu-west-1'),
    role,
    note: text => notes.push(text),
  });
  return { symptoms, notes };
}

describe('what IAM does not allow the role of an app', () => {
  it('is nothing where IAM allows what the template of the roles has', async () => {
    const iam = new FakeIam();
    expect(await look(iam)).toEqual({ symptoms: [], notes: [] });
    expect([...iam.sources]).toEqual([ROLE]);
    expect(iam.asked).toContain(`sqs:SendMessage ${DLQ}`);
  });

  it.each([false, true])('is told once for each resource, on pages (%s) too', async pages => {
    const iam = new FakeIam();
    iam.pages = pages;
    iam.denied = (action, resource) => resource === DLQ && action.startsWith('sqs:Se');
    const { symptoms } = await look(iam);
    expect(symptoms).toEqual([
      expect.objectContaining({
        rule: 'permission-missing',
        service: 'notifications',
        resource: DLQ,
        text: expect.stringMatching(
          new RegExp(`^${ROLE} may not call sqs:SendMessage, sqs:SetQueueAttributes, `),
        ) as string,
      }),
    ]);
  });

  it('is asked for the role that the app has in production, and for users as they are', async () => {
    const iam = new FakeIam(`arn:aws:iam::${ACCOUNT}:user/dev`);
    await look(iam);
    await look(iam, documentWith({}), ROLE);
    expect([...iam.sources]).toEqual([`arn:aws:iam::${ACCOUNT}:user/dev`, ROLE]);
  });

  it.each([
    ['off', false, false],
    ['verify', true, false],
    ['create', true, true],
  ] as const)('with %s: reads %s, changes %s', async (provisioning, reads, changes) => {
    const iam = new FakeIam();
    await look(iam, documentWith({ provisioning }));
    const has = (action: string): boolean => iam.asked.includes(`${action} ${DLQ}`);
    expect([has('sqs:GetQueueAttributes'), has('sqs:SetQueueAttributes')]).toEqual([reads, changes]);
  });

  it('asks in parts where there are many queues', async () => {
    const iam = new FakeIam();
    const queues = Array.from({ length: 45 }, (_, n) => queueWith({ name: `q${n}` }));
    await look(iam, documentWith({ queues }));
    expect(iam.asked).toContain(`sqs:ReceiveMessage arn:aws:sqs:eu-west-1:${ACCOUNT}:q44`);
  });

  it('is not known to the root user, who may do everything, and asks nothing', async () => {
    const iam = new FakeIam(`arn:aws:iam::${ACCOUNT}:root`);
    expect(await look(iam)).toEqual({ symptoms: [], notes: [] });
    expect(iam.asked).toEqual([]);
  });

  it('is not known to whoever may not simulate, and that is said', async () => {
    const iam = new FakeIam();
    iam.failure = Object.assign(new Error('not authorized'), { name: 'AccessDenied' });
    expect(await look(iam)).toEqual({ symptoms: [], notes: ['Permissions are not simulated: not authorized'] });
  });
});
