import {
  Agent,
  createServer,
  request as send,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { readQuery } from '../../libs/local-sns-sqs/src/http/query.js';
import { failedEntries, withoutEntries, type Entries } from './failed-entries.js';

export interface Call {
  operation: string;
  input: Readonly<Record<string, unknown>>;
  /** True once it is answered, or nobody waits for its answer any more. */
  ended?: boolean;
}

/** Gives an error for the calls that are to fail before they reach the endpoint; `'hang'`: they are never answered. */
export type Fault = (call: Call) => Error | 'hang' | undefined;

interface Raw {
  message: IncomingMessage;
  response: ServerResponse;
  body: string;
}

/**
 * A proxy before an endpoint that writes down the calls and, where a fault is given, answers some of them itself.
 * Whatever a call travels by comes through it; nothing of it keeps the process alive.
 */
export class SpyingProxy {
  readonly calls: Call[] = [];
  /** Bodies of batch entries that fail once; the others are carried out. */
  private failsOnce: ((body: string) => boolean) | undefined;
  private readonly failed = new Set<string>();
  private readonly server: Server;
  private readonly agent = new Agent({ keepAlive: true });
  private listening: Promise<string> | undefined;

  constructor(
    private readonly target: URL,
    private readonly fault: Fault,
  ) {
    this.server = createServer((message, response) => this.receive(message, response));
    this.server.on('connection', socket => socket.unref());
  }

  /** Opens it at the first call. */
  url(): Promise<string> {
    this.listening ??= new Promise(resolve => {
      this.server.listen(0, '127.0.0.1', () => {
        resolve(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}`);
      });
      this.server.unref();
    });
    return this.listening;
  }

  failOnce(chosen: (body: string) => boolean): void {
    this.failsOnce = chosen;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
    this.agent.destroy();
  }

  private receive(message: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => this.handle({ message, response, body: Buffer.concat(chunks).toString() }));
  }

  private handle(raw: Raw): void {
    const call = callOf(raw);
    this.calls.push(call);
    raw.response.on('close', () => (call.ended = true));
    const fault = this.fault(call);
    if (fault instanceof Error) refuse(raw, fault);
    else if (fault !== 'hang') this.forward(raw, call);
  }

  private forward(raw: Raw, call: Call): void {
    const { message, response } = raw;
    const failing = this.failingOf(call);
    if (failing.length > 0 && failing.length === entriesOf(call).length) {
      response.end(failedEntries(isJson(raw), isJson(raw) ? '{}' : NOTHING_PUBLISHED, failing));
      return;
    }
    const body = withoutEntries(isJson(raw), raw.body, failing);
    const headers = { ...message.headers, 'content-length': String(Buffer.byteLength(body)) };
    const { method, url: path } = message;
    const { hostname: host, port } = this.target;
    const onward = send({ host, port, method, path, headers, agent: this.agent }, answer => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        call.ended = true;
        const text = failedEntries(isJson(raw), Buffer.concat(chunks).toString(), failing);
        const length = String(Buffer.byteLength(text));
        response.writeHead(answer.statusCode ?? 500, { ...answer.headers, 'content-length': length }).end(text);
      });
    });
    onward.on('error', () => response.destroy());
    onward.on('socket', socket => socket.unref());
    // Whoever hangs up hangs up at the endpoint too: a long poll must not go on for nobody.
    response.on('close', () => response.writableFinished || onward.destroy());
    onward.end(body);
  }

  private failingOf(call: Call): Entries {
    const failing = entriesOf(call).filter(({ Message, MessageBody }) => {
      const body = Message ?? MessageBody ?? '';
      return this.failsOnce?.(body) && !this.failed.has(body);
    });
    for (const { Message, MessageBody } of failing) this.failed.add(Message ?? MessageBody ?? '');
    return failing;
  }
}

const NOTHING_PUBLISHED = '<PublishBatchResponse><PublishBatchResult></PublishBatchResult></PublishBatchResponse>';

const entriesOf = ({ input }: Call): Entries =>
  (input['Entries'] ?? input['PublishBatchRequestEntries'] ?? []) as Entries;

const isJson = ({ message }: Raw): boolean => message.headers['x-amz-target'] !== undefined;

function callOf(raw: Raw): Call {
  if (!isJson(raw)) {
    const { action: operation, input } = readQuery(raw.body);
    return { operation, input };
  }
  const operation = String(raw.message.headers['x-amz-target']).replace('AmazonSQS.', '');
  return { operation, input: JSON.parse(raw.body) as Call['input'] };
}

/** Answers with the error as AWS would; with none of AWS's the connection is cut. */
function refuse(raw: Raw, error: Error & { $metadata?: { httpStatusCode?: number } }): void {
  const { response } = raw;
  const status = error.$metadata?.httpStatusCode;
  if (!status) response.destroy();
  else if (isJson(raw)) {
    response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ __type: `com.amazonaws.sqs#${error.name}`, message: error.message }));
  } else {
    response.writeHead(status, { 'Content-Type': 'text/xml' });
    response.end(
      `<ErrorResponse><Error><Code>${error.name}</Code><Message>${error.message}</Message></Error></ErrorResponse>`,
    );
  }
}
