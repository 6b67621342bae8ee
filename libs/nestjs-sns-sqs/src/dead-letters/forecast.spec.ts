import { z } from 'zod';
import { LetterRoom } from '../../test/letter-desk.js';
import { MemoryInboxStore } from '../inbox/memory-inbox-store.js';
import { eventKey, newToken, subjectKey } from '../inbox/inbox-key.js';
import type { InboxStore } from '../interfaces/inbox-store.interface.js';
import type { DeadLetterDeskOptions } from './desk-options.js';
import type { Forecast } from './forecast.js';

/** As an inbox in Redis would be. */
const sharedStore = (): InboxStore => Object.defineProperty(new MemoryInboxStore(), 'isShared', { value: true });

async function handled(
  store: InboxStore,
  id: string,
  order?: { subject: string; position: string },
  queue = 'orders',
): Promise<void> {
  const subject = order && subjectKey({ source: 'shop', subject: order.subject });
  const claim = {
    queue,
    key: eventKey({ source: 'shop', id }),
    token: newToken(),
    ...(subject && { subject }),
  };
  await store.claim(claim, 60_000);
  await store.done(claim, { rememberForMs: 60_000, ...(order && { position: order.position }) });
}

async function forecastOf(room: LetterRoom, options: DeadLetterDeskOptions): Promise<Forecast> {
  room.core.advance(1_000);
  const report = await room.desk(options).redrive({ queue: room.dlq, all: true }, { dryRun: true });
  expect(report).toMatchObject({ dryRun: true, sent: 0 });
  expect(room.arrived).toEqual([]);
  if (!report.forecast) throw new Error('a dry run has a forecast');
  return report.forecast;
}

const handlers = (found: object | undefined) => ({
  consumes: (queue: string) => queue === 'orders',
  find: () => found,
});

describe('a dry run', () => {
  it('foresees duplicates, and leaves the inbox as it was', async () => {
    const room = new LetterRoom();
    const store = sharedStore();
    await handled(store, 'a');
    room.letter({ id: 'a' });
    room.letter({ id: 'b' });
    const { notes } = await forecastOf(room, { inbox: store });
    expect(notes).toEqual({
      duplicate: { count: 1, examples: [{ id: expect.any(String) as string, why: 'a was handled' }] },
    });
    // The other one can still be claimed, as if nobody had asked.
    const claim = { queue: 'orders', key: eventKey({ source: 'shop', id: 'b' }), token: newToken() };
    expect(await store.claim(claim, 1_000)).toEqual({ status: 'claimed', attempt: 1 });
  });

  it('foresees duplicates of a queue that was renamed, whose inbox has the memory of the first name', async () => {
    const room = new LetterRoom();
    const store = sharedStore();
    await handled(store, 'a', undefined, 'purchases');
    room.letter({ id: 'a' });
    const QueueUrl = String(room.core.sqs('GetQueueUrl', { QueueName: room.source })['QueueUrl']);
    room.core.sqs('TagQueue', { QueueUrl, Tags: { 'nestjs-sns-sqs:inbox': 'purchases' } });
    expect((await forecastOf(room, { inbox: store })).notes).toMatchObject({ duplicate: { count: 1 } });
  });

  it("foresees what violates today's contract, and what no handler takes", async () => {
    const room = new LetterRoom();
    room.letter({ data: { email: 7 } });
    room.letter({ data: { email: 'a@b.c' } });
    const schema = z.object({ email: z.string() });
    expect((await forecastOf(room, { handlers: handlers({ schema }) })).notes).toMatchObject({
      contract: { count: 1, examples: [{ why: expect.stringContaining('email') as string }] },
    });
    expect((await forecastOf(room, { handlers: handlers(undefined) })).notes).toMatchObject({
      'no-handler': { count: 2 },
    });
  });

  it('foresees that a later event of the subject was handled', async () => {
    const room = new LetterRoom();
    const store = sharedStore();
    await handled(store, 'x', { subject: 's', position: '5' });
    room.letter({ id: 'a', subject: 's', sequence: '4' });
    room.letter({ id: 'b', subject: 's', sequence: '6' });
    const { notes, gaps } = await forecastOf(room, { inbox: store, handlers: handlers({ ordering: 'latest' }) });
    expect(notes).toMatchObject({ older: { count: 1, examples: [{ why: 'sequence 4, and 5 was handled' }] } });
    expect(gaps).toEqual([]);
  });

  it('foresees the gap that would remain', async () => {
    const room = new LetterRoom();
    const store = sharedStore();
    await handled(store, 'x', { subject: 's', position: '5' });
    for (const sequence of ['7', '8', '11']) room.letter({ subject: 's', sequence });
    const { gaps } = await forecastOf(room, { inbox: store, handlers: handlers({ ordering: 'sequential' }) });
    expect(gaps).toEqual([
      { queue: 'orders', source: 'shop', subject: 's', from: '6', to: '6' },
      { queue: 'orders', source: 'shop', subject: 's', from: '9', to: '10' },
    ]);
  });

  it('names letters that are no events, have no queue, or were redriven before', async () => {
    const room = new LetterRoom();
    room.letter({ body: 'text' });
    room.letter({ attributes: { 'deadletter.queue': 'gone' } });
    room.letter({ attributes: { 'redrive.count': '3' } });
    expect((await forecastOf(room, {})).notes).toMatchObject({
      unparsable: { count: 1 },
      'no-target': { count: 1, examples: [{ why: expect.stringContaining('gone') as string }] },
      'redriven-before': { count: 1, examples: [{ why: '3 times' }] },
    });
  });

  it('says what it cannot foresee', async () => {
    const room = new LetterRoom();
    room.letter();
    expect((await forecastOf(room, {})).unknown).toHaveLength(2);
    expect((await forecastOf(room, { inbox: new MemoryInboxStore() })).unknown).toContainEqual(
      expect.stringContaining('memory of another process'),
    );
    const away = Object.assign(sharedStore(), { claim: () => Promise.reject(new Error('READONLY')) });
    expect((await forecastOf(room, { inbox: away })).unknown).toContainEqual(expect.stringContaining('READONLY'));
    const throwing = handlers({
      schema: {
        '~standard': {
          validate: () => {
            throw new Error('broken');
          },
        },
      },
    });
    expect((await forecastOf(room, { handlers: throwing })).unknown).toContainEqual(expect.stringContaining('broken'));
  });
});
