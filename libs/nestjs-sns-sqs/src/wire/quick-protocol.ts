import type { HttpRequest } from '@smithy/core/protocols';
import { turnToRead } from '../async/large-messages.js';
import type { MessageAttributes, SqsMessage } from '../interfaces/wire.interface.js';
import { fromJsonAttributes, toJsonAttributes } from './json-attributes.js';
import { withHeaders } from './request-copy.js';
import { requestJson } from './request-json.js';

interface Answer {
  statusCode: number;
  headers: Record<string, string>;
  body?: unknown;
}

/** The part of the SDK's protocol that writes requests. */
interface Protocol {
  serializeRequest(operation: object, input: object, context: object): Promise<HttpRequest>;
  deserializeMetadata(response: Answer): object;
}

interface Args {
  input: object;
  request?: unknown;
}
interface Endpoint {
  url: URL;
  headers?: object;
}

interface Operation {
  name: string;
}

interface Context {
  endpointV2?: Endpoint;
  __smithy_context?: { operationSchema?: unknown };
}
export type Next = (args: Args) => Promise<{ response: unknown; output?: unknown }>;
export type Middleware = (next: Next, context: Context) => Next;

type WithAttributes = { MessageAttributes?: MessageAttributes | undefined };

/** Operations whose inputs and outputs are JSON as they are, but for bytes in the attributes of messages. */
const QUICK: ReadonlySet<string> = new Set([
  'ReceiveMessage',
  'DeleteMessageBatch',
  'ChangeMessageVisibilityBatch',
  'SendMessageBatch',
]);

/**
 * In place of the SDK's middlewares that write requests to SQS and read its answers, by their names: `JSON.stringify` and
 * `JSON.parse`, for its hot calls. The SDK walks each value along its schema, writes each character by itself and copies
 * the client's whole configuration for each request and each answer. Everything else is left to the SDK's own
 * middleware: other operations, errors, answers that are no JSON. (docs/adr/0046)
 */
export function quickProtocol(config: object): Record<string, (own: Middleware) => Middleware> {
  const { protocol } = config as { protocol?: Protocol };
  if (!isProtocol(protocol)) return {};
  const forms = new RequestForms(protocol, config);
  return {
    serializerMiddleware: own => (next, context) => {
      const operation = operationOf(context);
      if (!operation) return own(next, context);
      return async args => {
        if (!context.endpointV2) return own(next, context)(args);
        const request = forms.known(operation, context.endpointV2) ?? (await forms.write(operation, context));
        request.body = Buffer.from(requestJson(withoutBytes(args.input)));
        return next({ ...args, request });
      };
    },
    deserializerMiddleware: own => (next, context) => {
      if (!operationOf(context)) return own(next, context);
      return async args => {
        const { response } = (await next(args)) as { response: Answer };
        const turn = Buffer.isBuffer(response.body) ? turnToRead(response.body.length) : undefined;
        if (turn) await turn;
        const output = outputOf(response);
        if (!output) return own(async () => ({ response }), context)(args);
        return { response, output: Object.assign(output, { $metadata: protocol.deserializeMetadata(response) }) };
      };
    },
  };
}

/** What the protocol writes of a request, but for the body: the same for all calls of an operation at an endpoint. */
class RequestForms {
  private readonly forms = new WeakMap<URL, Map<string, HttpRequest>>();

  constructor(
    private readonly protocol: Protocol,
    private readonly config: object,
  ) {}

  /** A copy. */
  known({ name }: Operation, { url, headers = {} }: Endpoint): HttpRequest | undefined {
    const form = this.forms.get(url)?.get(name);
    // Headers of an endpoint are those of a moment.
    if (!form || Object.keys(headers).length > 0) return undefined;
    return withHeaders(form, { ...form.headers });
  }

  async write(operation: Operation, context: Context): Promise<HttpRequest> {
    const { endpointV2 } = context;
    const settings = Object.assign(Object.create(this.config) as object, context, { endpoint: async () => endpointV2 });
    const request = await this.protocol.serializeRequest(operation, {}, settings);
    if (!endpointV2) return request;
    let forms = this.forms.get(endpointV2.url);
    if (!forms) this.forms.set(endpointV2.url, (forms = new Map()));
    if (Object.keys(endpointV2.headers ?? {}).length === 0) {
      forms.set(operation.name, withHeaders(request, { ...request.headers }));
    }
    return request;
  }
}

const isProtocol = (protocol: Partial<Protocol> | undefined): protocol is Protocol =>
  typeof protocol?.serializeRequest === 'function' && typeof protocol.deserializeMetadata === 'function';

/** As the SDK hands an operation to its protocol; undefined: not one of the hot ones. */
function operationOf({ __smithy_context: context }: Context): Operation | undefined {
  const schema = context?.operationSchema;
  if (!Array.isArray(schema)) return undefined;
  const [, namespace, name, traits, input, output] = schema as unknown[];
  return typeof name === 'string' && QUICK.has(name)
    ? ({ name, namespace, traits, input, output } as Operation)
    : undefined;
}

function outputOf({ statusCode, body }: Answer): object | undefined {
  if (statusCode >= 300 || !Buffer.isBuffer(body)) return undefined;
  try {
    const output = JSON.parse(body.toString()) as { Messages?: SqsMessage[] };
    for (const { MessageAttributes } of output.Messages ?? []) {
      if (MessageAttributes) fromJsonAttributes(MessageAttributes);
    }
    return output;
  } catch {
    return undefined;
  }
}

/** A copy with base64 in place of bytes; the input itself where it has none. */
function withoutBytes(input: { Entries?: WithAttributes[] }): object {
  const { Entries } = input;
  if (!Entries?.some(hasBytes)) return input;
  return { ...input, Entries: Entries.map(entry => (hasBytes(entry) ? asJson(entry) : entry)) };
}

const hasBytes = ({ MessageAttributes }: WithAttributes): boolean =>
  MessageAttributes !== undefined && toJsonAttributes(MessageAttributes) !== MessageAttributes;

const asJson = (entry: WithAttributes): WithAttributes => ({
  ...entry,
  MessageAttributes: entry.MessageAttributes && toJsonAttributes(entry.MessageAttributes),
});
