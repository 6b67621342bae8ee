import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokerPlane, eventIdOf, LetterRoom } from '../../test/letter-desk.js';
import type { DeadLetterPlane } from './dead-letter-plane.js';
import { DeadLetterDesk } from './dead-letter-desk.js';

const everything = (room: LetterRoom) => ({ queue: room.dlq, all: true });

/** With the wall clock behind every letter of the room. */
const later = (room: LetterRoom): void => room.core.advance(1_000);

describe('DeadLetterDesk.queues', () => {
  it('finds dead-letter queues by their sources and by their names, those with letters first', async () => {
    const room = new LetterRoom();
    room.core.createQueue('graveyard');
    room.core.createQueue('billing', room.core.redriveTo('graveyard', 5));
    room.core.createQueue('lonely-dlq');
    room.letter();
    const queues = await room.desk().queues();
    expect(queues.map(({ name, messages, sources }) => [name, messages, sources])).toEqual([
      ['orders-dlq', 1, ['orders']],
      ['graveyard', 0, ['billing']],
      ['lonely-dlq', 0, []],
    ]);
    expect(await room.desk({ prefix: 'lone' }).queues()).toHaveLength(1);
  });
});

describe('a look', () => {
  it.each(['standard', 'fifo'] as const)('gives every letter back at once, and changes nothing (%s)', async kind => {
    const room = new LetterRoom(kind);
    for (let at = 0; at < 25; at += 1) room.letter({ group: `g${at % 5}` });
    const before = room.letters.map(({ messageId }) => messageId);
    const { groups, coverage } = await room.desk().groups(room.dlq);
    expect(groups).toMatchObject([{ count: 25, error: 'Error' }]);
    expect(coverage).toEqual({ read: 25, total: 25, unread: 0 });
    expect(room.letters.map(({ messageId }) => messageId)).toEqual(before);
    expect(room.inspect.queue(room.dlq)).toMatchObject({ visible: expect.any(Number) as number, inFlight: 0 });
  });

  it('gives back what it holds when a receive fails', async () => {
    const room = new LetterRoom();
    for (let at = 0; at < 15; at += 1) room.letter();
    const plane = brokerPlane(room.core);
    let receives = 0;
    const failing: DeadLetterPlane = {
      ...plane,
      receive: request => {
        receives += 1;
        return receives > 1 ? Promise.reject(new Error('connect ECONNREFUSED')) : plane.receive(request);
      },
    };
    await expect(room.desk({}, failing).groups(room.dlq)).rejects.toMatchObject({ code: 'ENDPOINT_UNREACHABLE' });
    expect(room.inspect.queue(room.dlq)).toMatchObject({ inFlight: 0 });
  });

  it('states what it could not read: letters behind the first ten of a FIFO group', async () => {
    const room = new LetterRoom('fifo');
    for (let at = 0; at < 30; at += 1) room.letter({ group: 'one' });
    const { coverage } = await room.desk().groups(room.dlq);
    expect(coverage).toEqual({ read: 10, total: 30, unread: 20 });
  });

  it('states what it did not read because of its limit', async () => {
    const room = new LetterRoom();
    for (let at = 0; at < 30; at += 1) room.letter();
    const { coverage } = await room.desk({ maxRead: 10 }).groups(room.dlq);
    expect(coverage).toEqual({ read: 10, total: 30, unread: 20 });
  });

  it('refuses a queue that has a redrive policy: looking would move its messages', async () => {
    const room = new LetterRoom();
    await expect(room.desk().groups(room.source)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('use orders-dlq') as string,
    });
    await expect(room.desk().groups('nothing')).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' });
  });

  it('groups many letters within seconds, in a memory that does not grow with them', async () => {
    const room = new LetterRoom();
    const most = process.env['EXHAUSTIVE'] ? 100_000 : 5_000;
    const attributes = { 'deadletter.reason': { DataType: 'String', StringValue: 'timeout' } };
    for (let at = 0; at < most; at += 1) {
      room.core.send(room.dlqUrl, `{"n":${at}}`, { MessageAttributes: attributes });
    }
    let progress = 0;
    const started = performance.now();
    const { groups, coverage } = await room.desk().groups(room.dlq, { onProgress: ({ read }) => (progress = read) });
    expect(performance.now() - started).toBeLessThan(most);
    expect(groups).toMatchObject([{ count: most, message: 'timeout' }]);
    expect(coverage).toEqual({ read: most, total: most, unread: 0 });
    expect(progress).toBe(most);
  }, 120_000);
});

describe('DeadLetterDesk.list', () => {
  it('gives pages of the oldest letters, the same whatever order SQS has', async () => {
    const room = new LetterRoom();
    const ids = Array.from({ length: 25 }, () => room.letter());
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await room.desk().list(room.dlq, { limit: 10, cursor });
      seen.push(...page.letters.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(ids);
  });

  it('filters', async () => {
    const room = new LetterRoom();
    room.letter({ type: 'order.placed', reason: 'no stock for 12' });
    room.letter({ type: 'order.paid', error: 'TypeError' });
    const list = async (filter: object) =>
      (await room.desk().list(room.dlq, { filter })).letters.map(({ type }) => type);
    expect(await list({ type: 'order.paid' })).toEqual(['order.paid']);
    expect(await list({ error: 'Error' })).toEqual(['order.placed']);
    expect(await list({ text: 'no stock' })).toEqual(['order.placed']);
    expect(await list({ type: 'order.paid', error: 'Error' })).toEqual([]);
    const { groups } = await room.desk().groups(room.dlq);
    expect(await list({ group: groups[0]?.key })).toHaveLength(1);
  });

  it('refuses a limit and a cursor that are none', async () => {
    const room = new LetterRoom();
    await expect(room.desk().list(room.dlq, { limit: 0 })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    await expect(room.desk().list(room.dlq, { cursor: 'x' })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});

describe('DeadLetterDesk.redrive', () => {
  it('sends letters as they were, without deadletter.*, counted, and deletes them', async () => {
    const room = new LetterRoom();
    room.letter({ id: 'a', attributes: { tenant: 't' } });
    later(room);
    const report = await room.desk().redrive(everything(room));
    expect(report).toMatchObject({ selected: 1, sent: 1, targets: { orders: 1 }, refused: [], undeleted: [] });
    expect(room.letters).toEqual([]);
    expect(room.arrived.map(({ attributes }) => attributes)).toEqual([
      { type: 'order.placed', tenant: 't', 'redrive.count': '1' },
    ]);
  });

  it('counts on', async () => {
    const room = new LetterRoom();
    room.letter({ attributes: { 'redrive.count': '2' } });
    later(room);
    await room.desk().redrive(everything(room));
    expect(room.arrived[0]?.attributes['redrive.count']).toBe('3');
  });

  it('takes the selected letters only, and gives the others back', async () => {
    const room = new LetterRoom();
    for (let at = 0; at < 30; at += 1) room.letter({ type: at % 3 === 0 ? 'order.paid' : 'order.placed' });
    later(room);
    const report = await room.desk().redrive({ queue: room.dlq, type: 'order.paid' });
    expect(report).toMatchObject({ selected: 10, sent: 10 });
    expect(room.letters).toHaveLength(20);
    expect(room.inspect.queue(room.dlq)?.inFlight).toBe(0);
  });

  it('keeps the order of each subject, by sequence', async () => {
    const room = new LetterRoom();
    for (let at = 0; at < 60; at += 1) {
      const number = 59 - at;
      room.letter({ id: `${number % 3}:${number}`, subject: `s${number % 3}`, sequence: String(number) });
    }
    later(room);
    expect(await room.desk().redrive(everything(room))).toMatchObject({ sent: 60 });
    for (const subject of ['0', '1', '2']) {
      const numbers = room.arrived
        .map(message => eventIdOf(message).split(':'))
        .filter(([of]) => of === subject)
        .map(([, number]) => Number(number));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      expect(numbers).toHaveLength(20);
    }
  });

  it('keeps the order of each FIFO group, beyond the ten that a look shows', async () => {
    const room = new LetterRoom('fifo');
    for (let at = 0; at < 60; at += 1) room.letter({ id: `${at % 2}:${at}`, group: `g${at % 2}` });
    later(room);
    expect(await room.desk().redrive(everything(room))).toMatchObject({ selected: 20, sent: 60 });
    for (const group of ['g0', 'g1']) {
      const numbers = room.arrived.filter(each => each.groupId === group).map(each => Number(eventIdOf(each).slice(2)));
      expect(numbers).toEqual(Array.from({ length: 30 }, (_, at) => 2 * at + Number(group.slice(1))));
    }
  });

  it('gives FIFO letters a new deduplication id: SQS would drop the old one', async () => {
    const room = new LetterRoom('fifo');
    room.letter({ id: 'a' });
    later(room);
    await room.desk().redrive(everything(room));
    expect(
      room.core.receive(room.core.sqs('GetQueueUrl', { QueueName: room.source })['QueueUrl'] as string),
    ).toMatchObject([
      { Attributes: { MessageGroupId: 'g', MessageDeduplicationId: expect.stringMatching(/^redrive-/) as string } },
    ]);
  });

  it('takes what it found on a standard queue, though our clock is behind', async () => {
    const room = new LetterRoom();
    room.letter();
    const behind = new DeadLetterDesk(
      {},
      { plane: brokerPlane(room.core), wallNow: () => 0, pause: async () => undefined },
    );
    expect(await behind.redrive(everything(room))).toMatchObject({ sent: 1 });
  });

  it('leaves letters that come while it works', async () => {
    const room = new LetterRoom();
    for (let at = 0; at < 15; at += 1) room.letter();
    const plane = brokerPlane(room.core);
    const growing: DeadLetterPlane = {
      ...plane,
      sendBatch: (url, entries) => {
        room.letter({ id: 'late' });
        return plane.sendBatch(url, entries);
      },
    };
    expect(await room.desk({}, growing).redrive(everything(room))).toMatchObject({ selected: 15, sent: 15 });
    expect(new Set(room.letters.map(eventIdOf))).toEqual(new Set(['late']));
  });

  it('leaves letters that are newer than the cutoff', async () => {
    const room = new LetterRoom();
    room.letter({ id: 'old' });
    const cutoff = room.core.clock.now() + 1;
    later(room);
    room.letter({ id: 'new' });
    later(room);
    await room.desk().redrive(everything(room), { before: cutoff });
    expect(room.arrived.map(eventIdOf)).toEqual(['old']);
    expect(room.letters.map(eventIdOf)).toEqual(['new']);
  });

  it.each(['standard', 'fifo'] as const)('stops when what it sent fails again (%s)', async kind => {
    const room = new LetterRoom(kind);
    for (let at = 0; at < 50; at += 1) room.letter({ group: `g${at}` });
    later(room);
    const plane = brokerPlane(room.core);
    const failing: DeadLetterPlane = {
      ...plane,
      sendBatch: async (url, entries) => {
        const result = await plane.sendBatch(url, entries);
        room.failAgain();
        return result;
      },
    };
    const report = await room.desk({}, failing).redrive(everything(room));
    expect(report.stopped).toBe('failed-again');
    expect(report.failedAgain[0]).toMatchObject({ reason: 'no again' });
    expect(report.sent).toBeLessThan(50);
    expect(room.letters).toHaveLength(50);
  });

  it('keeps to its pace', async () => {
    const room = new LetterRoom();
    for (let at = 0; at < 40; at += 1) room.letter();
    later(room);
    const started = room.core.clock.now();
    await room.desk().redrive(everything(room), { messagesPerSecond: 2 });
    expect(room.core.clock.now() - started).toBeGreaterThanOrEqual(19_000);
    expect(room.arrived).toHaveLength(40);
  });

  it('lets nothing overtake a letter that is refused', async () => {
    const room = new LetterRoom();
    for (const number of [1, 2, 3]) room.letter({ id: `s:${number}`, subject: 's', sequence: String(number) });
    room.letter({ id: 'other' });
    later(room);
    const plane = brokerPlane(room.core);
    const refusing: DeadLetterPlane = {
      ...plane,
      sendBatch: async (url, entries) => {
        const [bad, good] = [
          entries.filter(({ body }) => body.includes('s:2')),
          entries.filter(({ body }) => !body.includes('s:2')),
        ];
        const result = good.length > 0 ? await plane.sendBatch(url, good) : { successful: [], failed: [] };
        const failed = bad.map(({ id }) => ({ id, code: 'InvalidMessageContents', message: 'no', senderFault: true }));
        return { ...result, failed };
      },
    };
    const report = await room.desk({}, refusing).redrive(everything(room));
    expect(report).toMatchObject({ sent: 2, heldBack: 1, refused: [{ code: 'InvalidMessageContents' }] });
    expect(room.arrived.map(eventIdOf).toSorted()).toEqual(['other', 's:1']);
    expect(room.letters.map(eventIdOf)).toEqual(['s:2', 's:3']);
  });

  it('works on letters that SQS itself moved', async () => {
    const room = new LetterRoom();
    const url = room.core.createQueue('bills', room.core.redriveTo(room.dlq, 1));
    room.core.send(url, 'plain text');
    room.core.receive(url, { VisibilityTimeout: 0 });
    room.core.receive(url);
    expect((await room.desk().list(room.dlq)).letters).toMatchObject([{ source: 'bills', reason: undefined }]);
    later(room);
    expect(await room.desk().redrive(everything(room))).toMatchObject({ sent: 1, targets: { bills: 1 } });
  });

  it('refuses a selection without a condition', async () => {
    const room = new LetterRoom();
    await expect(room.desk().redrive({ queue: room.dlq })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    await expect(room.desk().discard({ queue: room.dlq })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });

  it('says which letters have no queue to go to, and leaves them', async () => {
    const room = new LetterRoom();
    room.letter({ attributes: { 'deadletter.queue': 'gone' } });
    later(room);
    const report = await room.desk().redrive(everything(room));
    expect(report).toMatchObject({ sent: 0, refused: [{ code: 'REDRIVE_TARGET_UNKNOWN' }] });
    expect(room.letters).toHaveLength(1);
    const again = await room.desk().redrive(everything(room), { to: room.source });
    expect(again).toMatchObject({ sent: 1 });
  });
});

describe('DeadLetterDesk.editAsCopy', () => {
  it('sends a new event that names the old one, then deletes the letter', async () => {
    const room = new LetterRoom();
    const id = room.letter({ id: 'a', data: { email: 'no' } });
    const edited = await room.desk().editAsCopy({ queue: room.dlq, id }, { data: { email: 'a@b.c' } });
    expect(edited).toMatchObject({
      queue: 'orders',
      isDeleted: true,
      eventId: expect.stringMatching(/^edit-/) as string,
    });
    expect(JSON.parse(room.arrived[0]?.body ?? '')).toMatchObject({
      id: edited.eventId,
      causationid: 'a',
      data: { email: 'a@b.c' },
      type: 'order.placed',
    });
    expect(room.letters).toEqual([]);
  });

  it('shows the copy in a dry run, and sends nothing', async () => {
    const room = new LetterRoom();
    const id = room.letter({ id: 'a' });
    const copy = await room.desk().editAsCopy({ queue: room.dlq, id }, { data: 7 }, { dryRun: true });
    expect(JSON.parse(copy.body)).toMatchObject({ data: 7, causationid: 'a', id: copy.eventId });
    expect([copy.messageId, copy.isDeleted, room.arrived]).toEqual([undefined, false, []]);
    expect(room.letters.map(({ state }) => state)).toEqual(['ready']);
  });

  it('gives the same patch the same id, so that a second copy is a duplicate', async () => {
    const ids = await Promise.all(
      [1, 1, 2].map(async n => {
        const room = new LetterRoom();
        const id = room.letter({ id: 'a' });
        return (await room.desk().editAsCopy({ queue: room.dlq, id }, { data: { n } })).eventId;
      }),
    );
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('mends a body that is no event', async () => {
    const room = new LetterRoom();
    const id = room.letter({ body: '{"half":' });
    await expect(room.desk().editAsCopy({ queue: room.dlq, id }, { data: 1 })).rejects.toMatchObject({
      code: 'UNPARSABLE_MESSAGE',
    });
    await room.desk().editAsCopy({ queue: room.dlq, id }, { body: '{"half":2}' });
    expect(room.arrived.map(({ body }) => body)).toEqual(['{"half":2}']);
  });

  it('sends nothing that violates the contract', async () => {
    const room = new LetterRoom();
    const id = room.letter({ id: 'a' });
    const { z } = await import('zod');
    const handlers = { consumes: () => true, find: () => ({ schema: z.object({ email: z.string() }) }) };
    const desk = room.desk({ handlers });
    await expect(desk.editAsCopy({ queue: room.dlq, id }, { data: { email: 7 } })).rejects.toMatchObject({
      code: 'CONTRACT_VIOLATION',
    });
    expect([room.arrived, room.letters.map(({ state }) => state)]).toEqual([[], ['ready']]);
  });

  it('refuses a patch that says nothing, and a letter that is not there', async () => {
    const room = new LetterRoom();
    const id = room.letter();
    await expect(room.desk().editAsCopy({ queue: room.dlq, id }, {})).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
    });
    await expect(room.desk().editAsCopy({ queue: room.dlq, id: 'x' }, { data: 1 })).rejects.toMatchObject({
      code: 'LETTER_NOT_FOUND',
    });
  });
});

describe('DeadLetterDesk.discard and exportTo', () => {
  let directory = '';
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'letters-'))));
  afterEach(() => rm(directory, { recursive: true }));

  it('discards what is selected, after it was saved', async () => {
    const room = new LetterRoom('fifo');
    for (let at = 0; at < 25; at += 1) room.letter({ id: `e${at}`, group: 'g' });
    later(room);
    const file = join(directory, 'gone.jsonl');
    expect(await room.desk().discard(everything(room), { dryRun: true })).toMatchObject({ selected: 10, deleted: 0 });
    expect(await room.desk().discard(everything(room), { saveTo: file })).toMatchObject({ deleted: 25, refused: [] });
    expect(room.letters).toEqual([]);
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    expect(lines.map(line => eventIdOf(JSON.parse(line) as { body: string }))).toHaveLength(25);
  });

  it('deletes nothing that could not be saved', async () => {
    const room = new LetterRoom();
    room.letter();
    later(room);
    await expect(room.desk().discard(everything(room), { saveTo: join(directory, 'no/such/place') })).rejects.toThrow(
      'ENOENT',
    );
    expect(room.letters).toHaveLength(1);
  });

  it('exports letters to a file that is whole or not there', async () => {
    const room = new LetterRoom();
    for (let at = 0; at < 15; at += 1) room.letter();
    const file = join(directory, 'letters.jsonl');
    expect(await room.desk().exportTo(file, everything(room))).toMatchObject({ written: 15 });
    expect(await readdir(directory)).toEqual(['letters.jsonl']);
    expect(room.letters.map(({ state }) => state)).not.toContain('in-flight');
  });
});

describe('its options', () => {
  it('are checked in one go', () => {
    const bad = { prefix: '!', maxRead: 0, inbox: {}, secret: 1 } as object;
    expect(() => new DeadLetterDesk(bad)).toThrow(/prefix.*inbox.*maxRead.*secret/s);
  });
});
