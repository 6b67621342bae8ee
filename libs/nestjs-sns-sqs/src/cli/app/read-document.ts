import { z } from 'zod';
import { DOCUMENT_FORMAT, DOCUMENT_VERSION, type TopologyDocument } from '../../topology/topology-document.js';
import { readJsonFile } from '../read-json-file.js';

const provisioning = z.enum(['create', 'verify', 'off']);
const schema = z.union([z.literal(true), z.record(z.string(), z.unknown())]).optional();
const type = z.object({ type: z.string(), schema });

/** Keys that a newer version adds are let through. */
const document = z.object({
  format: z.literal(DOCUMENT_FORMAT),
  version: z.literal(DOCUMENT_VERSION),
  services: z.array(
    z.object({
      service: z.string(),
      prefix: z.string(),
      provisioning,
      formerly: z.array(z.string()),
      inbox: z.enum(['none', 'memory', 'shared', 'own']),
      topology: z
        .object({
          tags: z.record(z.string(), z.string()).optional(),
          kmsKeyId: z.string().optional(),
          kmsDataKeyReusePeriodSeconds: z.number().optional(),
          subscriptionDeadLetterQueues: z.boolean().optional(),
        })
        .optional(),
      queues: z.array(
        z.object({
          name: z.string(),
          fifo: z.boolean(),
          deadLetterQueue: z.string(),
          visibilityTimeoutSeconds: z.number(),
          retentionSeconds: z.number(),
          ordering: z.enum(['none', 'latest', 'sequential']),
          formerly: z.array(z.string()),
          subscriptions: z.array(z.object({ topic: z.string(), types: z.array(z.string()) })),
          handlers: z.array(
            z.object({
              pattern: z.string(),
              kind: z.enum(['event', 'command', 'request']),
              topic: z.string().optional(),
              schema,
              replySchema: schema,
            }),
          ),
          settings: z.object({
            concurrency: z.number(),
            handlerTimeoutMs: z.number(),
            maxReceiveCount: z.number(),
            backoff: z.object({ initialSeconds: z.number(), factor: z.number(), maxSeconds: z.number() }),
            retryLaterForSeconds: z.number(),
            unknownTypeGraceSeconds: z.number(),
            inbox: z.boolean(),
          }),
        }),
      ),
    }),
  ),
  publishers: z.array(
    z.object({ service: z.string(), topic: z.string(), topicArn: z.string().optional(), provisioning }),
  ),
  senders: z.array(z.object({ service: z.string(), queue: z.string(), queueUrl: z.string().optional(), provisioning })),
  contracts: z.array(
    z.object({
      service: z.string(),
      events: z.array(type),
      commands: z.array(type),
      requests: z.array(type.extend({ replySchema: schema })),
    }),
  ),
});

/** Reads what `topology print` has written. Throws a CliError that names the file and what is wrong. */
export function readDocument(path: string, cwd: string): TopologyDocument {
  const isNot = `a topology of this version (${DOCUMENT_FORMAT}, version ${DOCUMENT_VERSION})`;
  return readJsonFile(path, cwd, document, isNot, 'topology print');
}
