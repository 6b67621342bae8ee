import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Broker } from '../core/broker.js';
import { AwsError } from '../core/errors.js';
import type { Input } from '../core/input.js';
import type { Output } from '../core/operation.js';
import { applyFault, CutConnection } from '../faults/apply-fault.js';
import type { FaultPlan } from '../faults/fault-plan.js';
import { HttpCall } from './http-call.js';
import { protocolOf, type Answer, type ParsedRequest } from './protocols.js';

/** What a request may weigh: a batch at AWS's bound, each character escaped at worst. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Speaks the SDKs' protocols on 127.0.0.1 and hands each request to the core. */
export class HttpServer {
  private readonly server: Server;
  private requests = 0;
  private origin = '';

  constructor(
    private readonly broker: Broker,
    private readonly faults: FaultPlan,
  ) {
    this.server = createServer((request, response) => this.receive(request, response));
    // Long polls last 20 s, and SDKs keep connections; neither may be cut from this side.
    this.server.requestTimeout = 0;
    this.server.keepAliveTimeout = 65_000;
  }

  /** Resolves to the endpoint's URL; rejects when the port is taken. */
  listen(port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => {
        this.server.off('error', reject);
        this.origin = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
        resolve(this.origin);
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
    const call = new HttpCall(request, response, this.origin);
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MOST_BYTES) chunks.push(chunk);
      else chunks.length = 0;
    });
    request.on('end', () => {
      if (bytes > MOST_BYTES) return call.send(413, {}, '');
      const body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
      void this.handle(request, call, body.toString('utf8'));
    });
  }

  private async handle(request: IncomingMessage, call: HttpCall, body: string): Promise<void> {
    const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
    if (request.method === 'GET' && query === '') {
      call.send(200, { 'Content-Type': 'application/json' }, '{"service":"local-sns-sqs","status":"running"}');
      return;
    }
    const { 'x-amz-target': target = '' } = request.headers;
    // The older protocol's parameters may stand in the URL instead.
    const raw = { target: String(target), path, body: body === '' ? query : body };
    const protocol = protocolOf(raw);
    const requestId = this.nextRequestId();
    let answer: Answer;
    try {
      const parsed = protocol.parse(raw);
      const output = this.carryOut(parsed, call);
      answer = protocol.result(parsed, output instanceof Promise ? await output : output, requestId);
    } catch (error) {
      this.broker.settle();
      if (error instanceof CutConnection) {
        call.cut();
        return;
      }
      answer = protocol.error(asAwsError(error), requestId);
    }
    call.send(answer.status, answer.headers, answer.body);
  }

  private carryOut(parsed: ParsedRequest, call: HttpCall): Promise<Output> | Output {
    const { service, action, operation, input } = parsed;
    const name = `${service}.${action}`;
    this.broker.count(name);
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

  private nextRequestId(): string {
    this.requests += 1;
    return `00000000-0000-4000-8000-${this.requests.toString(16).padStart(12, '0')}`;
  }
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
