import { z } from 'zod';
import { readJsonFile } from '../read-json-file.js';
import type { AsyncApi } from './async-api.js';

const reference = z.object({ $ref: z.string() });
const messages = z.array(reference);
const any = z.record(z.string(), z.unknown());

/** As far as commands look into it. Keys that a newer version adds are let through. */
const document = z.looseObject({
  asyncapi: z.string().startsWith('3.'),
  info: z.looseObject({ title: z.string(), version: z.string() }),
  channels: z.record(
    z.string(),
    z.looseObject({
      address: z.string().nullable(),
      title: z.string().optional(),
      messages: z.record(z.string(), reference),
      'x-nestjs-sns-sqs': z
        .looseObject({
          service: z.string(),
          kind: z.enum(['topic', 'use-case', 'commands', 'replies']),
          subscriptions: z.array(z.object({ topic: z.string(), types: z.array(z.string()) })).optional(),
        })
        .optional(),
    }),
  ),
  operations: z.record(
    z.string(),
    z.looseObject({
      action: z.enum(['send', 'receive']),
      channel: reference,
      messages,
      reply: z.looseObject({ messages }).optional(),
    }),
  ),
  components: z.looseObject({ schemas: z.record(z.string(), any), messages: z.record(z.string(), any) }),
});

/** Reads what `asyncapi` has written. Throws a CliError that names the file and what is wrong. */
export function readAsyncApi(path: string, cwd: string): AsyncApi {
  const isNot = 'a document of `nestjs-sns-sqs asyncapi`';
  return readJsonFile(path, cwd, document, isNot, 'asyncapi') as unknown as AsyncApi;
}
