import { z } from './schema.js';

const object = z.custom(value => typeof value === 'object' && value !== null, 'expected an object');
const withMethod = (method: string) => withMethods(method);

export const withMethods = (...methods: string[]) =>
  z.custom(
    value =>
      methods.every(method => typeof (value as Record<string, unknown> | null | undefined)?.[method] === 'function'),
    `expected an object with ${methods.length > 1 ? 'the methods' : 'a method'} ${methods.map(name => `${name}()`).join(', ')}`,
  );

/** A service's name becomes part of queue and topic names; AWS's alphabet, and room for what is added. */
export const nameWord = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$/, 'expected 1 to 50 of A-Z a-z 0-9 - _, beginning with a letter or digit');

export const provisioning = z.enum(['create', 'verify', 'off']).optional();

export const fn = z.custom(value => typeof value === 'function', 'expected a function');

/** What server and clients take for telemetry. */
export const telemetryShape = {
  telemetry: withMethod('begin').optional(),
  conversation: z.boolean().optional(),
};

/** What the server and both clients have in common. */
export const awsAccess = {
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9_-]{0,30}$/, 'expected at most 30 of A-Z a-z 0-9 - _')
    .optional(),
  aws: object.optional(),
  wire: z.enum(['sdk', 'lean']).optional(),
  sqs: withMethod('send').optional(),
  sns: withMethod('send').optional(),
  serializer: withMethod('serialize').optional(),
  deserializer: withMethod('deserialize').optional(),
};

export const shutdownTimeoutMs = z.number().int().min(0).max(900_000).optional();
