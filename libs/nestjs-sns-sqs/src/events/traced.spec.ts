import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { jest } from '@jest/globals';
import { hostileValues } from '../../test/hostile-values.js';
import type { SettleOperation, Telemetry } from '../interfaces/telemetry.interface.js';
import type { Trace } from '../interfaces/trace.interface.js';
import { beginTrace, isTraced, originsOf, setProcessTelemetry, traceCall } from './traced.js';

const settle = (): SettleOperation => ({
  queue: 'q',
  queueUrl: 'url',
  call: 'DeleteMessageBatch',
  settlement: 'delete',
  count: 1,
  origins: [],
});

const channel = tracingChannel('nestjs-sns-sqs:settle');
const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;

/** Subscribes for one test, by the names that anybody would use. */
function listen(): Array<[string, unknown]> {
  const told: Array<[string, unknown]> = [];
  for (const event of EVENTS) {
    const name = `tracing:nestjs-sns-sqs:settle:${event}`;
    const listener = (fact: unknown): void => void told.push([event, fact]);
    subscribe(name, listener);
    undo.push(() => unsubscribe(name, listener));
  }
  return told;
}

const undo: Array<() => unknown> = [];
afterEach(() => {
  for (const step of undo.splice(0)) step();
  setProcessTelemetry(undefined);
});

function telemetryByHand(trace: Partial<Trace> = {}) {
  const inner: Trace = { run: work => work(), end: () => undefined, ...trace };
  const begin = jest.fn<(name: string, operation: unknown) => Trace | undefined>(() => inner);
  return { begin: begin as unknown as Telemetry['begin'], inner };
}

describe('isTraced', () => {
  it('is false while nobody looks', () => {
    expect(isTraced('settle', undefined)).toBe(false);
  });

  it('is true with a tracer by the options or of the process, or a subscriber of any of the five channels', () => {
    const telemetry = telemetryByHand();
    expect(isTraced('settle', telemetry)).toBe(true);
    setProcessTelemetry(telemetry);
    expect(isTraced('settle', undefined)).toBe(true);
    setProcessTelemetry(undefined);
    for (const event of EVENTS) {
      const listener = (): void => undefined;
      channel[event].subscribe(listener);
      expect(isTraced('settle', undefined)).toBe(true);
      channel[event].unsubscribe(listener);
    }
    expect(isTraced('settle', undefined)).toBe(false);
  });

  it('is true for a store that is bound, which is then current inside', () => {
    const store = new AsyncLocalStorage<string>();
    channel.start.bindStore(store, fact => (fact as SettleOperation).queue);
    undo.push(() => channel.start.unbindStore(store));
    expect(isTraced('settle', undefined)).toBe(true);
    expect(beginTrace('settle', undefined, settle()).run(() => store.getStore())).toBe('q');
    expect(store.getStore()).toBeUndefined();
  });
});

describe('traceCall', () => {
  it('tells a call in the order of a TracingChannel, with one object', async () => {
    const told = listen();
    const operation = settle();
    await expect(
      traceCall(
        'settle',
        undefined,
        operation,
        () => Promise.resolve('answer'),
        () => told.push(['answer', undefined]),
      ),
    ).resolves.toBe('answer');
    expect(told.map(([event]) => event)).toEqual(['start', 'end', 'answer', 'asyncStart', 'asyncEnd']);
    expect(new Set(told.filter(([event]) => event !== 'answer').map(([, fact]) => fact))).toEqual(new Set([operation]));
    expect(operation.durationMs).toBeGreaterThanOrEqual(0);
  });

  it.each(hostileValues())('tells what a call rejects with, and rejects with it: %s', async (_, thrown) => {
    const told = listen();
    const call = traceCall(
      'settle',
      undefined,
      settle(),
      () => Promise.reject(thrown as Error),
      () => undefined,
    );
    const isSame = await call.then(
      () => false,
      (error: unknown) => Object.is(error, thrown),
    );
    expect(isSame).toBe(true);
    const events = told.map(([event]) => event);
    // What is thrown may be undefined, which says nothing.
    expect(events.filter(event => event !== 'error')).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    expect(events.includes('error')).toBe(thrown !== undefined);
  });

  it.each(hostileValues())('is affected by nothing that telemetry throws: %s', async (_, thrown) => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const fail = (): never => {
      throw thrown;
    };
    for (const event of EVENTS) {
      channel[event].subscribe(fail);
      undo.push(() => channel[event].unsubscribe(fail));
    }
    const store = new AsyncLocalStorage<unknown>();
    channel.start.bindStore(store, fail);
    undo.push(() => channel.start.unbindStore(store));
    const failAfterwards = <R>(work: () => R): R => {
      work();
      return fail();
    };
    const runs: Array<Trace['run']> = [fail, failAfterwards, () => undefined as never];
    const broken: Telemetry[] = [
      { begin: fail },
      telemetryByHand({ end: fail }),
      ...runs.map(run => telemetryByHand({ run })),
    ];
    for (const telemetry of broken) {
      const call = jest.fn(() => Promise.resolve(1));
      await expect(traceCall('settle', telemetry, settle(), call, () => undefined)).resolves.toBe(1);
      expect(call).toHaveBeenCalledTimes(1);
    }
    jest.restoreAllMocks();
  });

  it("prefers the tracer by the options to the process's, so that nothing is told twice", async () => {
    const [own, ofProcess] = [telemetryByHand(), telemetryByHand()];
    setProcessTelemetry(ofProcess);
    await traceCall(
      'settle',
      own,
      settle(),
      () => Promise.resolve(),
      () => undefined,
    );
    expect(own.begin).toHaveBeenCalledTimes(1);
    expect(ofProcess.begin).not.toHaveBeenCalled();
  });
});

describe('an operation', () => {
  it('ends once', () => {
    const end = jest.fn();
    const trace = beginTrace('settle', telemetryByHand({ end }), settle());
    trace.end();
    trace.end();
    expect(end).toHaveBeenCalledTimes(1);
  });

  it('is found again by the entries that were made from it', () => {
    const trace = beginTrace('settle', telemetryByHand(), settle());
    expect(originsOf([{ origin: trace }, {}, { origin: undefined }])).toEqual([trace]);
  });
});
