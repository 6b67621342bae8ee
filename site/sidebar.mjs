// Every page of docs/ by group, in the order of the sidebar. A page that is missing here fails test/docs-site.spec.ts.
// `path` is the file below docs/, without .md.
export const GROUPS = [
  {
    text: 'Start',
    pages: [
      ['getting-started', 'Getting started'],
      ['glossary', 'Glossary'],
      ['faq', 'FAQ'],
    ],
  },
  {
    text: 'Concepts',
    pages: [
      ['concepts/use-case', 'Use case'],
      ['concepts/queue', 'Queue'],
      ['concepts/attempt', 'Attempt'],
      ['concepts/lease', 'Lease'],
      ['concepts/lane', 'Lane and slot'],
      ['concepts/group', 'Group'],
      ['concepts/subject-and-sequence', 'Subject and sequence'],
      ['concepts/inbox', 'Inbox'],
      ['guarantees', 'Guarantees'],
    ],
  },
  {
    text: 'Write',
    pages: [
      ['handlers', 'Handlers'],
      ['publishing', 'Publishing'],
      ['contracts', 'Contracts'],
      ['asyncapi', 'AsyncAPI and the catalogue'],
      ['requests', 'Requests and replies'],
      ['retries', 'Retries'],
      ['batches', 'Batches'],
      ['steering', 'Pause, limit, protect'],
      ['pause', 'Pause a queue'],
      ['rate-limit', 'Rate limit'],
      ['circuit-breaker', 'Circuit breaker'],
      ['priority', 'Priority'],
      ['inbox', 'The inbox'],
      ['inbox-postgres', 'The inbox in PostgreSQL'],
      ['outbox', 'The outbox'],
      ['nestjs-outbox', 'With @nestjs/outbox'],
      ['testing', 'Testing your app'],
    ],
  },
  {
    text: 'Configure',
    pages: [
      ['guides/configuration', 'Configuration'],
      ['topology', 'Topology'],
      ['cli', 'The command'],
      ['guides/monorepo', 'Monorepo'],
      ['guides/local-development', 'Local development'],
      ['guides/ci', 'CI'],
      ['wire', 'The wire'],
    ],
  },
  {
    text: 'Deploy',
    pages: [
      ['guides/deploying', 'Deploying'],
      ['guides/containers', 'ECS and Kubernetes'],
      ['guides/lambda', 'Lambda'],
      ['guides/infrastructure', 'Infrastructure of another team'],
      ['guides/accounts', 'Several accounts'],
    ],
  },
  {
    text: 'Operate',
    pages: [
      ['guides/monitoring', 'Monitoring'],
      ['guides/dead-letters', 'Runbook: dead letters'],
      ['dead-letters', 'Dead letters'],
      ['troubleshooting', 'Troubleshooting'],
      ['doctor', 'Doctor'],
      ['lifecycle', 'Lifecycle'],
      ['tracing', 'Tracing'],
      ['metrics', 'Metrics'],
      ['diagnostics', 'Diagnostics channels'],
      ['guides/cost', 'Cost'],
    ],
  },
  {
    text: 'Secure',
    pages: [
      ['iam', 'IAM'],
      ['guides/security', 'Security'],
      ['guides/encryption', 'Encryption'],
    ],
  },
  {
    text: 'Migrate',
    pages: [
      ['migration/ssut-nestjs-sqs', 'From @ssut/nestjs-sqs'],
      ['migration/sqs-consumer', 'From sqs-consumer'],
      ['migration/rabbitmq', 'From RabbitMQ'],
      ['migration/kafka', 'From Kafka'],
      ['migration/bullmq', 'From BullMQ'],
    ],
  },
  {
    text: 'Compare',
    pages: [
      ['comparison', 'Comparison'],
      ['nest-features', "Features of Nest's transports"],
      ['benchmarks', 'Benchmarks'],
      ['reliability', 'Reliability'],
    ],
  },
  {
    text: 'Reference',
    pages: [
      ['options', 'Options'],
      ['errors', 'Errors'],
      ['wire-format', 'Wire format'],
      ['adr/index', 'Decisions'],
    ],
  },
];
