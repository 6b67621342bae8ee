import { Controller, Module, type Type } from '@nestjs/common';
import { OnCommand, OnDomainEvent, SnsSqsModule, type TopologyOptions } from 'nestjs-sns-sqs';
import { describeApp } from '../../libs/nestjs-sns-sqs/src/cli/app/describe-app.js';
import { readApp } from '../../libs/nestjs-sns-sqs/src/cli/app/open-app.js';
import type { ExportOptions } from '../../libs/nestjs-sns-sqs/src/topology/export/export-options.js';
import { topologyOf } from '../../libs/nestjs-sns-sqs/src/topology/topology-of.js';
import type { TopologyDocument } from '../../libs/nestjs-sns-sqs/src/topology/topology-document.js';
import { TopologyAccount, type CommandEnd } from '../support/topology-account.js';
import { waitFor } from '../support/wait-for.js';
import { QUICK, world } from '../support/world.js';

const QUEUE = 'send-email-on-user-registered';
const handled: string[] = [];

@Controller()
class Notifications {
  @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
  registered(): void {
    handled.push('event');
  }

  @OnDomainEvent('user.*', { from: 'users', useCase: 'audit', queue: 'audit' })
  audit(): void {}

  @OnDomainEvent('order.placed', { from: 'orders', useCase: 'audit', queue: 'audit' })
  order(): void {}

  @OnCommand('send-welcome-email')
  send(): void {
    handled.push('command');
  }
}

describe('from handlers to a template to an account', () => {
  const here = world();
  let account: TopologyAccount;
  beforeEach(() => {
    handled.length = 0;
    account = new TopologyAccount(here);
  });

  const moduleOf = (controller: Type, topology?: TopologyOptions): Type => {
    const options = { service: 'notifications', prefix: here.prefix, aws: here.aws, consumer: QUICK, topology };
    @Module({
      imports: [SnsSqsModule.forRoot(options)],
      controllers: [controller],
    })
    class App {}
    return App;
  };
  const documentOf = async (controller: Type, topology?: TopologyOptions): Promise<TopologyDocument> =>
    describeApp(await readApp(() => moduleOf(controller, topology), { spec: 'app' }));

  const deploy = (document: TopologyDocument, options: ExportOptions = {}): Promise<void> =>
    account.deploy(document, { topics: 'all', ...options });
  const command = (document: TopologyDocument, ...argv: string[]): Promise<CommandEnd> =>
    account.command(document, ...argv);
  const findings = async (document: TopologyDocument): Promise<Array<{ kind: string; text: string }>> => {
    const { io } = await command(document, 'topology', 'plan', '--json');
    const all = JSON.parse(io.out()) as Array<{ findings: Array<{ kind: string; text: string }> }>;
    // Nobody emits here.
    return all.flatMap(each => each.findings).filter(({ kind }) => kind !== 'on-use');
  };

  it('deploys an account in which verify finds no difference, and the handlers run on it with off', async () => {
    const document = await documentOf(Notifications);
    await deploy(document, { alarms: { ageSeconds: 900, actions: [] } });
    const { code, io } = await command(document, 'topology', 'diff');
    expect([io.out(), code]).toEqual(['The account has everything that the handlers need, and nothing else.\n', 0]);
    const subscription = await here.topic('users-domain-events').subscription(here.queue(QUEUE));
    expect(subscription['RedrivePolicy']).toContain(`${QUEUE}-dlq`);
    const verified = await here.start([Notifications], { provisioning: 'verify' });
    // Subscriptions too: the template's policies remember them.
    expect(here.logs.all().join('\n')).not.toContain('is not compared');
    await verified.app.close();
    await here.start([Notifications], { provisioning: 'off' });
    await here
      .events({ provisioning: 'off', topicArn: await here.topic('users-domain-events').arn() })
      .emit('user.registered', {});
    await here.commands({ provisioning: 'off', groupId: () => 'g' }).emit('send-welcome-email', {});
    await waitFor('both handlers', () => handled.length === 2);
    expect(handled.toSorted()).toEqual(['command', 'event']);
  });

  it('has create and templates agree: what create makes has nothing that a template would add, and vice versa', async () => {
    const document = await documentOf(Notifications);
    await (await here.start([Notifications])).app.close();
    const { code, io } = await command(document, 'topology', 'diff');
    expect(code).toBe(0);
    expect(io.out()).toMatch(
      /^.*\n\S+ +on-use +the first emit makes it +topic \S*notifications-domain-events is missing\n$/,
    );
    const subscription = await here.topic('users-domain-events').subscription(here.queue(QUEUE));
    expect(subscription['RedrivePolicy']).toContain(`${QUEUE}-dlq`);
  });

  it("deploys a team's key and tags, and verify finds no difference", async () => {
    const wishes = { kmsKeyId: 'alias/messages', kmsDataKeyReusePeriodSeconds: 600, tags: { team: 'mail' } };
    const document = await documentOf(Notifications, wishes);
    await deploy(document);
    expect((await command(document, 'topology', 'diff')).code).toBe(0);
    const found = await here.queue('send-email-on-user-registered').attributes();
    expect(found).toMatchObject({ KmsMasterKeyId: 'alias/messages', KmsDataKeyReusePeriodSeconds: '600' });
  });

  it('finds in an empty account that everything is missing, and exits with 2', async () => {
    const document = await documentOf(Notifications);
    const { code, io } = await command(document, 'topology', 'diff');
    expect(code).toBe(2);
    expect(io.out()).toMatch(/missing +create makes it +queue \S*send-email-on-user-registered is missing/);
  });

  it('finds what create has made for an older version: orphans, and filters that would be narrowed; prune removes them', async () => {
    @Controller()
    class Older {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      registered(): void {}

      @OnDomainEvent('user.deleted', { from: 'users', useCase: 'send-email', queue: 'send-email-on-user-registered' })
      deleted(): void {}

      @OnDomainEvent('user.registered', { from: 'users', useCase: 'count' })
      count(): void {}
    }
    @Controller()
    class Newer {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      registered(): void {}
    }
    await (await here.start([Older])).app.close();
    const document = await documentOf(Newer);
    const orphan = `${here.prefix}count-on-user-registered`;
    const before = await findings(document);
    expect(before.filter(({ kind }) => kind === 'orphan').map(({ text }) => text)).toEqual([
      `${orphan}: no handler of notifications takes from it; it is empty`,
      `${orphan}-dlq: no handler of notifications takes from it; it is empty`,
    ]);
    expect(before.filter(({ kind }) => kind === 'danger')).toEqual([
      expect.objectContaining({ text: expect.stringMatching(/would be narrowed: it lets through user\.deleted/) }),
    ]);
    const unasked = await command(document, 'topology', 'prune');
    expect([unasked.code, unasked.io.err()]).toEqual([1, expect.stringMatching(/Give --yes, or --dry-run/)]);
    const dry = await command(document, 'topology', 'prune', '--dry-run');
    expect(dry.io.out()).toMatch(/filter of .* becomes/);
    expect(await findings(document)).toEqual(before);
    // Unsubscribed first, and deleted when nothing can be on its way any more.
    await command(document, 'topology', 'prune', '--yes');
    await command(document, 'topology', 'prune', '--yes');
    expect(await findings(document)).toEqual([]);
  });

  it('prune keeps a queue that has messages in it, unless it is told otherwise', async () => {
    @Controller()
    class Counting {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'count' })
      count(): void {}
    }
    @Controller()
    class Nothing {
      @OnCommand('send-welcome-email')
      send(): void {}
    }
    await (await here.start([Counting])).app.close();
    await here.queue('count-on-user-registered').send('a message');
    const document = await documentOf(Nothing);
    await command(document, 'topology', 'prune', '--yes');
    const kept = await command(document, 'topology', 'prune', '--yes');
    expect(kept.io.out()).toMatch(/is kept: there are messages in it/);
    expect(topologyOf({ queues: document.services[0]?.queues ?? [] }).queues).toHaveLength(1);
    const told = await command(document, 'topology', 'prune', '--yes', '--delete-messages');
    expect(told.io.out()).toMatch(/is deleted, with the messages in it/);
  });
});
