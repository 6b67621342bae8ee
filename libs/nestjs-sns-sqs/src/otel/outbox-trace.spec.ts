import type { SNSClient } from '@aws-sdk/client-sns';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace';
import { lastValueFrom } from 'rxjs';
import { idOf, linkedTo, parentOf, Spans, traceOf } from '../../../../test/support/spans.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { MemoryOutbox } from '../../test/memory-outbox.js';
import { ClientSNS } from '../client/client-sns.js';
import { otel } from './index.js';

const CREATE = 'create users-domain-events';
const SEND = 'send users-domain-events';

interface Entry {
  Id: string;
}

/** Accepts everything. */
const sns = {
  send: ({ input: { PublishBatchRequestEntries = [] } }: { input: { PublishBatchRequestEntries?: Entry[] } }) =>
    Promise.resolve({ TopicArn: 'arn:topic', Successful: PublishBatchRequestEntries.map(({ Id }) => ({ Id })) }),
  config: { region: () => Promise.resolve('eu-west-1'), credentials: () => Promise.resolve({}) },
} as unknown as SNSClient;

describe('The trace of an event in an outbox', () => {
  const spans = new Spans();
  let store: MemoryOutbox;
  let clients: ClientSNS[];

  beforeAll(() => spans.register());
  afterAll(() => spans.unregister());

  beforeEach(() => {
    [store, clients] = [new MemoryOutbox(), []];
    spans.clear();
  });

  afterEach(() => Promise.all(clients.map(client => client.close())));

  function clientOf(telemetry = otel()): ClientSNS {
    const client = new ClientSNS({ service: 'users', sns, outbox: store, telemetry });
    clients.push(client);
    return client;
  }

  /** Emits one event in each of so many requests, which are over when the relay begins. */
  async function written(requests: number): Promise<void> {
    store.relay = false;
    const client = clientOf();
    for (let n = 0; n < requests; n += 1) {
      await spans.within('POST /users', async () => {
        const { tx, commit } = store.begin();
        await lastValueFrom(client.within(tx).emit('user.registered', { n }), { defaultValue: undefined });
        await commit();
      });
    }
    store.relay = {};
  }

  async function relayed(telemetry = otel()): Promise<void> {
    clientOf(telemetry).onApplicationBootstrap();
    await waitFor('an empty outbox', () => store.rows.length === 0);
  }

  it('has the call that sends it, linked to its create and within the request that emitted it', async () => {
    await written(1);
    expect(spans.all(SEND)).toEqual([]);
    await relayed();

    const [request] = spans.all('POST /users');
    const [created] = spans.all(CREATE);
    const [sent] = spans.all(SEND);
    expect(parentOf(created)).toBe(idOf(request));
    expect([parentOf(sent), linkedTo(sent), traceOf(sent)]).toEqual([idOf(request), [idOf(created)], traceOf(request)]);
  });

  it('has a call that belongs to no request where it carries the events of several', async () => {
    await written(3);
    await relayed();

    const [sent, ...others] = spans.all(SEND);
    expect(others).toEqual([]);
    expect([parentOf(sent), linkedTo(sent)]).toEqual([undefined, spans.all(CREATE).map(idOf).toSorted()]);
    expect(sent?.attributes).toMatchObject({ 'messaging.batch.message_count': 3 });
  });

  it('has no call where its create was not sampled', async () => {
    const unsampled = new Spans(new AlwaysOffSampler());
    store.relay = false;
    const client = clientOf(otel({ tracerProvider: unsampled.provider }));
    const { tx, commit } = store.begin();
    await lastValueFrom(client.within(tx).emit('user.registered', 1), { defaultValue: undefined });
    await commit();
    expect(store.rows[0]?.entry).toContain('-00');
    store.relay = {};
    await relayed();
    expect(spans.all()).toEqual([]);
  });

  it('leaves no trace in the row without a tracer', async () => {
    store.relay = false;
    const client = new ClientSNS({ service: 'users', sns, outbox: store });
    clients.push(client);
    const { tx, commit } = store.begin();
    await lastValueFrom(client.within(tx).emit('user.registered', 1), { defaultValue: undefined });
    await commit();
    expect(JSON.parse(store.rows[0]?.entry ?? '')).not.toHaveProperty('trace');
    expect(store.rows[0]?.entry).not.toContain('traceparent');
  });
});
