import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP, type AddressInfo } from 'node:net';
import type { Broker } from '../core/broker.js';
import { AwsError } from '../core/errors.js';
import type { Input } from '../core/input.js';
import type { Output } from '../core/operation.js';
import { applyFault, CutConnection } from '../faults/apply-fault.js';
import type { FaultPlan } from '../faults/fault-plan.js';
import { Door, type DoorOptions } from './door.js';
import { HttpCall, type Origins } from './http-call.js';
import { Pages } from './pages.js';
import { protocolOf, type Answer, type ParsedRequest, type RawRequest } from './protocols.js';
import { RecentCalls } from './recent-calls.js';

/** What a request may weigh: a batch at AWS's bound, each character escaped at worst. */
const MAX_BYTES = 16 * 1024 * 1024;

export interface HttpServerOptions extends Partial<DoorOptions> {
  /** The address to listen on. @default '127.0.0.1' */
  host?: string;
  /** Runs before each answer; when it throws, the call is answered with its error. */
  commit?: () => void;
}

/** Speaks the SDKs' protocols and hands each request to the core. */
export class HttpServer {
  readonly recent = new RecentCalls();
  private readonly server: Server;
  private readonly door: Door;
  private readonly pages: Pages;
  private requests = 0;
  private date = { second: -1, text: '' };
  private origins: Origins = { fixed: undefined, fallback: '' };

  constructor(
    private readonly broker: Broker,
    private readonly faults: FaultPlan,
    private readonly options: HttpServerOptions = {},
  ) {
    const { hostname, cors = [] } = options;
    this.door = new Door({ hostname, cors });
    this.pages = new Pages(broker, this.recent);
    this.server = createServer((request, response) => this.receive(request, response));
    // Long polls last 20 s, and SDKs keep connections; neither may be cut from this side.
    this.server.requestTimeout = 0;
    this.server.keepAliveTimeout = 65_000;
  }

  /** Where others reach it: by its hostname, or else by the address that they use. Known once it listens. */
  get publicOrigin(): string {
    return this.origins.fixed ?? this.origins.fallback;
  }

  /** Resolves to the endpoint's URL for this machine; rejects when the port is taken. */
  listen(port: number): Promise<string> {
    const { host = '127.0.0.1', hostname } = this.options;
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        const { port: own } = this.server.address() as AddressInfo;
        const fallback = `http://${reachable(host)}:${own}`;
        const fixed = hostname && `http://${/:\d+$/.test(hostname) ? hostname : `${hostname}:${own}`}`;
        this.origins = { fixed: fixed || undefined, fallback };
        resolve(fallback);
      });
    });
  }

  /** Cuts every connection, long polls included. */
  close(): Promise<void> {
    return new Promise(resolve => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private receive(request: IncomingMessage, response: ServerResponse): void {
    const call = new HttpCall(request, response, this.origins);
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BYTES) chunks.push(chunk);
      else chunks.length = 0;
    });
    request.on('end', () => {
      if (bytes > MAX_BYTES) return call.send(413, {}, '');
      const body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
      this.handle(request, call, body.toString('utf8'));
    });
  }

  private handle({ method, url = '/', headers }: IncomingMessage, call: HttpCall, body: string): void {
    const [path = '/', query = ''] = url.split('?', 2);
    const isLook = query === '' && (method === 'GET' || method === 'HEAD');
    const refusal = this.door.refusal(headers, !isLook);
    if (refusal !== undefined) return call.send(403, PLAIN, refusal);
    if (method === 'OPTIONS') return call.send(204, this.door.preflightHeaders(headers), '');
    if (isLook) {
      const page = this.pages.at(path, headers.accept);
      return call.send(200, { ...page.headers, ...this.door.headersFor(headers.origin) }, page.body);
    }
    const { 'x-amz-target': target = '' } = headers;
    // The older protocol's parameters may stand in the URL instead.
    const raw = { target: String(target), path, body: body === '' ? query : body };
    void this.answer(raw, call, headers.origin);
  }

  private async answer(raw: RawRequest, call: HttpCall, origin: string | undefined): Promise<void> {
    const protocol = protocolOf(raw);
    const requestId = this.nextRequestId();
    const startedAt = performance.now();
    let parsed: ParsedRequest | undefined;
    let answer: Answer | undefined;
    try {
      parsed = protocol.parse(raw);
      const output = this.carryOut(parsed, call);
      answer = protocol.result(parsed, output instanceof Promise ? await output : output, requestId);
      this.options.commit?.();
    } catch (error) {
      this.broker.settle();
      if (!(error instanceof CutConnection)) answer = protocol.error(asAwsError(error), requestId);
    }
    const operation = parsed ? `${parsed.service}.${parsed.action}` : 'unknown';
    const resource = (parsed && resourceOf(parsed.input)) ?? '';
    this.recent.note(this.broker.now(), operation, resource, answer?.status ?? 0, performance.now() - startedAt);
    if (answer === undefined) return call.cut();
    if (origin !== undefined) Object.assign(answer.headers, this.door.headersFor(origin));
    // As at AWS: the clock that stamps the messages, which a test may move.
    answer.headers['Date'] = this.dateOf(this.broker.now());
    call.send(answer.status, answer.headers, answer.body);
  }

  private carryOut(parsed: ParsedRequest, call: HttpCall): Promise<Output> | Output {
    const { service, action, operation, input } = parsed;
    const name = `${service}.${action}`;
    this.broker.count(name);
    if (CONTROL.test(action)) this.broker.controlChanged = true;
    this.broker.deadlines.runDue();
    const resource = resourceOf(input);
    const effect = this.faults.decide({ operation: name, resource, queueAgeMs: this.ageOf(service, resource), input });
    const output = effect ? applyFault(effect, this.broker, parsed, call) : operation(this.broker, input, call);
    this.broker.settle();
    return effect ? (output as Promise<Output>).finally(() => this.broker.settle()) : output;
  }

  private ageOf(service: string, queue: string | undefined): number | undefined {
    const createdAt = service === 'sqs' ? this.broker.queues.get(queue ?? '')?.createdAt : undefined;
    return createdAt === undefined ? undefined : this.broker.now() - createdAt;
  }

  /** Written once for each second. */
  private dateOf(now: number): string {
    const second = Math.floor(now / 1000);
    if (second !== this.date.second) this.date = { second, text: new Date(now).toUTCString() };
    return this.date.text;
  }

  private nextRequestId(): string {
    this.requests += 1;
    return `00000000-0000-4000-8000-${this.requests.toString(16).padStart(12, '0')}`;
  }
}

/** What changes something else than messages. */
const CONTROL = /^(Add|Cancel|Create|DeleteQueue|DeleteTopic|Purge|Remove|Set|Start|Subscribe|Tag|Unsubscribe|Untag)/;

const PLAIN = { 'Content-Type': 'text/plain; charset=utf-8' };

/** An address under which this machine reaches a server that listens on `host`. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** The last part of the URL or ARN that a request names. */
function resourceOf(input: Input): string | undefined {
  for (const key of ['QueueUrl', 'QueueName', 'TopicArn', 'TargetArn', 'Name']) {
    const value = input[key];
    if (typeof value === 'string') return value.slice(Math.max(value.lastIndexOf('/'), value.lastIndexOf(':')) + 1);
  }
  return undefined;
}

function asAwsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  return new AwsError('InternalFailure', error instanceof Error ? (error.stack ?? error.message) : String(error), {
    status: 500,
    senderFault: false,
  });
}
