import { z } from './schema.js';

const object = z.custom(value => typeof value === 'object' && value !== null, 'expected an object');
const withMethod = (method: string) => withMethods(method);

const hasMethods = (value: unknown, methods: readonly string[]): boolean =>
  methods.every(method => typeof (value as Record<string, unknown> | null | undefined)?.[method] === 'function');

const listOf = (methods: readonly string[]): string =>
  `${methods.length > 1 ? 'the methods' : 'a method'} ${methods.map(name => `${name}()`).join(', ')}`;

export const withMethods = (...methods: string[]) =>
  z.custom(value => hasMethods(value, methods), `expected an object with ${listOf(methods)}`);

/** A part that is an object of ours, or the user's own. @param what names one that most users want */
export const part = (what: string, ...methods: string[]) =>
  z.custom(value => hasMethods(value, methods), `expected ${what}, or an object with ${listOf(methods)}`);

const STORE_METHODS = ['claim', 'renew', 'done', 'release', 'ping'];
export const isInboxStore = (value: unknown): boolean => hasMethods(value, STORE_METHODS);
export const inboxStore = part('a store such as `new RedisInboxStore({ url })`', ...STORE_METHODS);

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

/** Of a store of the inbox. */
export const commandTimeout = z.number().int().min(10).max(60_000).optional();

export const shutdownTimeoutMs = z.number().int().min(0).max(900_000).optional();
