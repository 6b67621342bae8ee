import { setTimeout as pause } from 'node:timers/promises';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { getRetryAfterHint, isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';
import { turnToRead } from '../../async/large-messages.js';
import { assertPlainHandler } from './assert-plain-handler.js';
import { noteDate } from '../answer-date.js';
import { abortError, type Connections, type HttpAnswer } from '../connections.js';
import { endpointOf, type Endpoint } from './endpoint.js';
import { Signer } from './signer.js';

type Config = SQSClient['config'] | SNSClient['config'];
type Strategy = Awaited<ReturnType<Config['retryStrategy']>>;
type TokenStrategy = Extract<Strategy, { acquireInitialRetryToken: unknown }> & { mode?: string };
type Token = Awaited<ReturnType<TokenStrategy['acquireInitialRetryToken']>>;
type SdkError = Parameters<typeof isTransientError>[0];

/** One call of an operation. */
export interface LeanCall<T> {
  connections: Connections;
  headers: Readonly<Record<string, string>>;
  body: string;
  queueUrl?: string;
  /** A receive, which may wait. */
  longPoll?: boolean;
  /** It is made again and again with the same body. */
  isRepeated?: boolean;
  signal?: AbortSignal | undefined;
  /** Told the `Date` of a good answer. */
  onDate?: ((date: number) => void) | undefined;
  /** The output that a good answer has; undefined, or an error thrown, for one to be read by the SDK. */
  read: (body: Buffer) => T | undefined;
  /** Reads any answer as the SDK does: resolves to the output, or rejects with the SDK's error. */
  readBySdk: (answer: HttpAnswer) => Promise<T>;
}

/** A clock that is off by less is let be; AWS refuses what is off by more than five minutes. As in the SDK. */
const SKEW_MS = 240_000;

/**
 * Makes signed calls for an SDK client without its middleware: with the client's credentials, region, endpoint, retry
 * strategy and clock offset, and with its errors.
 */
export class LeanCaller {
  private readonly signer: Signer;
  /** By the hosts of queues' URLs; by nothing for a topic. */
  private readonly endpoints = new Map<string, Endpoint>();
  private known: TokenStrategy | undefined;

  /** @param isGiven the user made the client, and may have settings that would be lost */
  constructor(
    private readonly config: Config,
    private readonly command: Parameters<typeof endpointOf>[1],
    service: 'sqs' | 'sns',
    private readonly isGiven: boolean,
  ) {
    this.signer = new Signer(service, () => config.credentials());
  }

  /** Resolves to the output; rejects, after the client's retries, with an error as the client would. */
  async call<T>(call: LeanCall<T>): Promise<T> {
    const strategy = this.known ?? (await this.strategy());
    const first = strategy.acquireInitialRetryToken(call.longPoll ? ':longpoll' : '');
    // The standard one gives it at once.
    let token = await (strategy.mode === 'standard' ? first : orAborted(first, call.signal));
    let totalRetryDelay = 0;
    for (let attempts = 1; ; attempts += 1) {
      try {
        const output = await this.attempt(call);
        strategy.recordSuccess(token);
        return output;
      } catch (error) {
        const next = await orAborted(nextToken(strategy, token, error), call.signal);
        if (!next) throw described(error, attempts, totalRetryDelay);
        token = next;
        const delay = token.getRetryDelay();
        totalRetryDelay += delay + (token.$retryLog?.acquisitionDelay ?? 0);
        if (delay > 0) await pause(delay, undefined, call.signal && { signal: call.signal });
      }
    }
  }

  private async attempt<T>(call: LeanCall<T>): Promise<T> {
    const host = hostOf(call.queueUrl);
    const endpoint = this.endpoints.get(host) ?? (await this.locate(host));
    const offset = this.config.systemClockOffset;
    const now = new Date(Date.now() + offset);
    const { signer } = this;
    const { headers, body } = await (call.isRepeated
      ? signer.signRepeated(endpoint, call.headers, call.body, now)
      : signer.sign(endpoint, call.headers, call.body, now));
    const { origin, path } = endpoint;
    const answer = await call.connections.send({ origin, path, headers, body }, call.signal);
    const turn = turnToRead(answer.body.length);
    if (turn) await turn;
    const output = answer.status < 300 ? readOrNot(call.read, answer.body) : undefined;
    if (output !== undefined) {
      if (call.onDate) noteDate(answer.headers.date, call.onDate);
      return output;
    }
    try {
      return await call.readBySdk(answer);
    } catch (error) {
      await this.correctClock(error as SdkError, answer, offset);
      throw error;
    }
  }

  private async locate(host: string): Promise<Endpoint> {
    if (this.isGiven) await assertPlainHandler(this.config.requestHandler);
    const endpoint = await endpointOf(this.config, this.command, host);
    this.endpoints.set(host, endpoint);
    return endpoint;
  }

  /** An error that came of a clock that is off is worth another try with a better one. */
  private async correctClock(error: SdkError, { headers }: HttpAnswer, offsetBefore: number): Promise<void> {
    const serverTime = Date.parse(headers.date ?? '');
    if (Number.isNaN(serverTime) || (await this.config.disableClockSkewCorrection?.())) return;
    const offset = serverTime - Date.now();
    if (Math.abs(offset - offsetBefore) < SKEW_MS) return;
    this.config.systemClockOffset = offset;
    Object.assign((error.$metadata ??= {}), { clockSkewCorrected: true });
  }

  private async strategy(): Promise<TokenStrategy> {
    const strategy = await this.config.retryStrategy();
    if ('acquireInitialRetryToken' in strategy) return (this.known = strategy);
    throw new Error(
      "wire: 'lean' needs a retry strategy with tokens (RetryStrategyV2). Remedy: leave `retryStrategy` out.",
    );
  }
}

/** Scheme and host of a URL, without parsing it for each call. */
function hostOf(url = ''): string {
  const end = url.indexOf('/', 'https://'.length);
  return end < 0 ? url : url.slice(0, end);
}

function readOrNot<T>(read: (body: Buffer) => T | undefined, body: Buffer): T | undefined {
  try {
    return read(body);
  } catch {
    return undefined;
  }
}

function nextToken(strategy: TokenStrategy, token: Token, thrown: unknown): Promise<Token | undefined> {
  const error = thrown as SdkError;
  const retryAfterHint = getRetryAfterHint(error.$response);
  const info = { error, errorType: retryErrorType(error), ...(retryAfterHint && { retryAfterHint }) };
  // A rejection says that there is no other try.
  return strategy.refreshRetryTokenForRetry(token, info).catch(() => undefined);
}

function retryErrorType(error: SdkError): 'THROTTLING' | 'TRANSIENT' | 'SERVER_ERROR' | 'CLIENT_ERROR' {
  if (isThrottlingError(error)) return 'THROTTLING';
  if (isTransientError(error)) return 'TRANSIENT';
  return isServerError(error) ? 'SERVER_ERROR' : 'CLIENT_ERROR';
}

function described(error: unknown, attempts: number, totalRetryDelay: number): unknown {
  if (typeof error === 'object' && error !== null) {
    const known = error as { $metadata?: object };
    Object.assign((known.$metadata ??= {}), { attempts, totalRetryDelay });
  }
  return error;
}

/** Rejects with an AbortError as soon as the signal aborts. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortError());
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}
