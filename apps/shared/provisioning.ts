import type { Provisioning } from 'nestjs-sns-sqs';

/** `PROVISIONING=off` where a template has made topics and queues. The library refuses what is no such word. */
export const provisioning = (): Provisioning => (process.env['PROVISIONING'] ?? 'create') as Provisioning;
