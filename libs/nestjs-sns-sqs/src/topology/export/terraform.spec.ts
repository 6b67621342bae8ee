import { documentWith, queueWith } from '../../../test/document-with.js';
import { Hcl, hclBlock, hclString } from './hcl.js';
import { terraformOf } from './terraform.js';

describe('HCL', () => {
  it('lets no text end its quotes or become a template', () => {
    expect(hclString('a"b\\c\n${d}%{e}')).toBe('"a\\"b\\\\c\\n$${d}%%{e}"');
  });

  it('is aligned as terraform fmt aligns it', () => {
    const block = hclBlock({
      type: 'resource',
      labels: ['a', 'b'],
      attributes: { name: 'x', longer: 1, left: undefined, map: { 'a:b': new Hcl('c.d') } },
      blocks: [{ type: 'lifecycle', attributes: { prevent_destroy: true } }],
    });
    expect(block).toBe(
      [
        'resource "a" "b" {',
        '  name   = "x"',
        '  longer = 1',
        '  map = {',
        '    "a:b" = c.d',
        '  }',
        '',
        '  lifecycle {',
        '    prevent_destroy = true',
        '  }',
        '}',
      ].join('\n'),
    );
  });
});

describe('Terraform', () => {
  const text = terraformOf(
    documentWith({
      publishers: [{ service: 'notifications', topic: 'notifications-domain-events', provisioning: 'create' }],
      queues: [queueWith({}), queueWith({ name: 'notifications-async-commands.fifo' })],
    }),
    { alarms: { ageSeconds: 60, actions: [] } },
  );

  it('refers to what it makes, and computes ARNs of what it does not', () => {
    expect(text).toContain('endpoint             = aws_sqs_queue.mail_queue.arn');
    expect(text).toContain(
      '"arn:${data.aws_partition.current.partition}:sns:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:users-domain-events"',
    );
    expect(text).toContain(
      'join(":", ["nestjs-sns-sqs", element(split(":", aws_sns_topic_subscription.mail_from_users_domain_events.arn), 6)])',
    );
  });

  it('imports what exists, and nothing else', () => {
    const document = documentWith({});
    const existing = {
      queues: new Map([['mail', 'https://sqs.eu-west-1.amazonaws.com/1/mail']]),
      topics: new Map<string, string>(),
      subscriptions: new Map([['mail users-domain-events', 'arn:aws:sns:eu-west-1:1:users-domain-events:id']]),
      withPolicy: new Set(['mail']),
    };
    const blocks = terraformOf(document, {}, existing)
      .split('\n\n')
      .filter(block => block.startsWith('import'));
    expect(blocks.map(block => /to = (\S+)/.exec(block)?.[1])).toEqual([
      'aws_sqs_queue.mail_queue',
      'aws_sns_topic_subscription.mail_from_users_domain_events',
      'aws_sqs_queue_policy.mail_queue_policy',
    ]);
  });
});
