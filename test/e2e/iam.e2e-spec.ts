import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetSubscriptionAttributesCommand } from '@aws-sdk/client-sns';
import { UntagQueueCommand } from '@aws-sdk/client-sqs';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { OnCommand, OnDomainEvent, type Provisioning } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { isAllowed, parsePolicy } from '../../libs/local-sns-sqs/src/core/policy/policy.js';
import { spiedClients, type Call } from '../support/spied-clients.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const SNS = /Topic|Subscri|Publish/;

/** To give tags at the creation takes the right to tag (CreateQueue API). */
const actionsOf = (call: Call): string[] => ['tags' in call.input ? 'sqs:TagQueue' : [], actionOf(call)].flat();

/** `DeleteMessageBatch` → `sqs:DeleteMessage`: IAM knows single actions only. */
const actionOf = ({ operation }: Call): string =>
  `${SNS.test(operation) ? 'sns' : 'sqs'}:${operation.replace(/Batch$/, '')}`;

/**
 * Of a message that may have killed its process. LocalStack hands messages to polls that are closed, so one may have been
 * received as often.
 */
const isMark = ({ input }: Call): boolean => JSON.stringify(input).includes('nestjs-sns-sqs:started:');

/** The actions that docs/iam.md names, by the first cell of their rows. */
function documented(): Map<string, Set<string>> {
  const page = readFileSync(join(import.meta.dirname, '../../docs/iam.md'), 'utf8');
  const rows = [...page.matchAll(/^\|([^|]*)\|([^|]*)\|[^|]*\|$/gm)].slice(1);
  const byWho = new Map<string, Set<string>>();
  let who = '';
  for (const [, first = '', actions = ''] of rows) {
    who = first.trim() === '' ? who : first.trim();
    const all = byWho.get(who) ?? new Set();
    for (const [action] of actions.matchAll(/(sqs|sns):\w+/g)) all.add(action);
    byWho.set(who, all);
  }
  return byWho;
}

describe('least privilege', () => {
  const here = world();

  const spied = () => {
    const credentials = { ...here.aws.credentials, accountId: '000000000000' };
    const spy = spiedClients({ ...here.aws, credentials });
    here.onClose(() => {
      spy.sqs.destroy();
      spy.sns.destroy();
    });
    return spy;
  };

  /** Everything a consumer does: a message handled, one retried, one dead-lettered. */
  async function consume(provisioning: Provisioning): Promise<Set<string>> {
    const outcomes: string[] = [];
    @Controller()
    class Notifications {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      registered(): void {
        outcomes.push('tried');
        if (outcomes.length === 1) throw new Error('once');
      }

      @OnCommand('send-welcome-email')
      send(): void {}
    }
    const { sqs, sns, calls } = spied();
    const { app } = await here.start([Notifications], { sqs, sns, provisioning });
    await here.events().emit('user.registered', {});
    await waitFor('the second attempt', () => outcomes.length === 2);
    await here.queue('send-email-on-user-registered').send('rubbish');
    await here.queue('send-email-on-user-registered-dlq').takeOne();
    await here.queue('send-email-on-user-registered').untilEmpty();
    await app.close();
    return new Set(calls.filter(call => !isMark(call)).flatMap(actionsOf));
  }

  /** The queue was last consumed on another day. */
  async function nextDay(): Promise<void> {
    const QueueUrl = await here.queue('send-email-on-user-registered').url();
    await here.clients.sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ['nestjs-sns-sqs:last-consumed'] }));
  }

  it('docs/iam.md names what consumers call, and nothing more', async () => {
    const page = documented();
    const granted = (...whos: string[]): Set<string> =>
      new Set(
        [...page].filter(([who]) => whos.some(each => who.includes(each))).flatMap(([, actions]) => [...actions]),
      );
    const created = await consume('create');
    await nextDay();
    const verified = await consume('verify');
    await nextDay();
    const off = await consume('off');
    expect([...off].toSorted()).toEqual([...granted('every consumer')].toSorted());
    expect([...verified].toSorted()).toEqual([...granted('every consumer', "'verify'")].toSorted());
    const forCreate = granted('every consumer', "'create'");
    // What differs is repaired.
    const subscription = await here
      .topic('users-domain-events')
      .subscription(here.queue('send-email-on-user-registered'));
    const command = {
      SubscriptionArn: subscription['SubscriptionArn'],
      AttributeName: 'RawMessageDelivery',
      AttributeValue: 'false',
    };
    await here.clients.sns.send(new SetSubscriptionAttributesCommand(command));
    const repaired = await consume('create');
    expect([...created, ...repaired].filter(action => !forCreate.has(action))).toEqual([]);
    expect([...forCreate].filter(action => !created.has(action) && !repaired.has(action))).toEqual([]);
  });

  it.each<Provisioning>(['off', 'verify', 'create'])(
    'docs/iam.md names what publishers call, and nothing more: %s',
    async provisioning => {
      const page = documented();
      const named = (client: string, service: string): string[] => [
        ...(page.get(`\`${client}\``) ?? []),
        ...[...(page.get(`with \`${provisioning}\` also`) ?? [])].filter(action => action.startsWith(service)),
      ];
      if (provisioning !== 'create') {
        await here.events().client.connect();
        await here.commands().client.connect();
      }
      const [events, commands] = [spied(), spied()];
      await here.events({ sns: events.sns, provisioning }).emit('user.registered', {});
      await here.commands({ sqs: commands.sqs, provisioning, groupId: () => 'g' }).emit('send-welcome-email', {});
      const all = (calls: Call[]): string[] => [...new Set(calls.flatMap(actionsOf))].toSorted();
      expect(all(events.calls)).toEqual(named('ClientSNS', 'sns').toSorted());
      expect(all(commands.calls)).toEqual(named('ClientSQS', 'sqs').toSorted());
    },
  );

  it('docs/iam.md names what a request takes, of its caller and of the service that answers', async () => {
    @Controller()
    class Sums {
      @MessagePattern('sum')
      sum(): number {
        return 6;
      }
    }
    const [asking, asked] = [spied(), spied()];
    await here.start([Sums], { sqs: asked.sqs, sns: asked.sns });
    const { client } = here.commands({ sqs: asking.sqs, provisioning: 'off' });
    expect(await lastValueFrom(client.send('sum', {}))).toBe(6);
    await client.close();
    const onReplies = (calls: Call[]): string[] => [
      ...new Set(calls.filter(({ input }) => /-replies-/.test(JSON.stringify(input))).flatMap(actionsOf)),
    ];
    const page = documented();
    const named = (who: string): string[] => [...page].flatMap(([row, all]) => (row.includes(who) ? [...all] : []));
    // The request names its caller's reply queue, and is sent to another one.
    const ofCaller = onReplies(asking.calls.filter(({ operation }) => operation !== 'SendMessageBatch'));
    expect(ofCaller.toSorted()).toEqual(named('a caller').toSorted());
    expect(onReplies(asked.calls)).toEqual(named('a service that answers requests'));
  });

  it("a consumer queue's policy lets in SNS for its own topics, and nobody else", async () => {
    @Controller()
    class Notifications {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      registered(): void {}
    }
    await here.start([Notifications]);
    const { Policy = '', QueueArn = '' } = await here.queue('send-email-on-user-registered').attributes();
    const statements = parsePolicy(Policy) ?? [];
    const topic = await here.topic('users-domain-events').arn();
    const letsIn = (
      sourceArn: string | undefined,
      { principal = 'sns.amazonaws.com', action = 'sqs:SendMessage', resource = QueueArn, tls = '' } = {},
    ): boolean =>
      isAllowed(statements, {
        principals: [`Service:${principal}`],
        action,
        resource,
        context: new Map([
          ...(sourceArn === undefined ? [] : [['aws:sourcearn', sourceArn] as const]),
          ...(tls === '' ? [] : [['aws:securetransport', tls] as const]),
        ]),
      });
    expect(letsIn(topic)).toBe(true);
    expect(letsIn(topic, { tls: 'true' })).toBe(true);
    expect(letsIn(topic, { tls: 'false' })).toBe(false);
    expect(letsIn(undefined)).toBe(false);
    expect(letsIn(topic, { resource: `${QueueArn}-dlq` })).toBe(false);
    expect(letsIn(`${topic}-other`)).toBe(false);
    expect(letsIn(topic.replace(/:\d{12}:/, ':999999999999:'))).toBe(false);
    expect(letsIn(topic, { principal: 's3.amazonaws.com' })).toBe(false);
    expect(letsIn(topic, { action: 'sqs:ReceiveMessage' })).toBe(false);
    expect(statements.flatMap(({ principals }) => principals)).toEqual(['Service:sns.amazonaws.com']);
  });

  it('a command queue and its dead letter queue let in nobody: they have no policy, so that IAM alone decides', async () => {
    @Controller()
    class Notifications {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      registered(): void {}

      @OnCommand('send-welcome-email')
      send(): void {}
    }
    await here.start([Notifications]);
    const closed = ['notifications-async-commands.fifo', 'notifications-async-commands-dlq.fifo'];
    for (const name of closed) expect((await here.queue(name).attributes())['Policy'] ?? '').toBe('');
    // The one of a use case lets in the topic, for events that SNS cannot deliver, and nobody else.
    const { Policy = '' } = await here.queue('send-email-on-user-registered-dlq').attributes();
    const statements = parsePolicy(Policy) ?? [];
    expect(statements.flatMap(({ principals }) => principals)).toEqual(['Service:sns.amazonaws.com']);
    expect(statements.flatMap(({ actions }) => actions)).toEqual(['sqs:sendmessage']);
    expect(statements.flatMap(({ conditions }) => conditions)).toContainEqual({
      operator: 'ArnEquals',
      key: 'aws:sourcearn',
      values: [await here.topic('users-domain-events').arn()],
    });
  });
});
