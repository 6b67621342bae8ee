import { brokerPlane, eventIdOf, LetterRoom } from '../../test/letter-desk.js';
import type { DeadLetterPlane } from './dead-letter-plane.js';

/** What happens at one call of a run. */
const FAULTS = ['dies before', 'dies after', 'fails before', 'answer lost'] as const;
type Fault = (typeof FAULTS)[number];

const CALLS = [
  'receive',
  'deleteBatch',
  'changeVisibilityBatch',
  'sendBatch',
  'getQueueUrl',
  'getQueueAttributes',
] as const;

/** A plane whose call number `at` goes wrong; from 1. `died` resolves when the process is gone. */
function faulty(plane: DeadLetterPlane, at: number, fault: Fault) {
  let calls = 0;
  let die: () => void = () => undefined;
  const died = new Promise<'died'>(resolve => (die = () => resolve('died')));
  const through = async <T>(call: () => Promise<T>): Promise<T> => {
    calls += 1;
    if (calls !== at) return call();
    if (fault === 'fails before') throw new Error('connect ECONNRESET');
    const after = fault === 'dies after' || fault === 'answer lost';
    if (after) await call();
    if (fault === 'answer lost') throw new Error('connect ECONNRESET');
    die();
    return new Promise<never>(() => undefined);
  };
  const wrapped = { ...plane };
  for (const name of CALLS) {
    const original = plane[name] as (...given: unknown[]) => Promise<unknown>;
    Object.assign(wrapped, { [name]: (...given: unknown[]) => through(() => original(...given)) });
  }
  return { plane: wrapped, died, calls: () => calls };
}

const KINDS = {
  standard: () => {
    const room = new LetterRoom();
    for (let at = 0; at < 12; at += 1)
      room.letter({ id: `s${at % 2}:${at}`, subject: `s${at % 2}`, sequence: String(at) });
    return room;
  },
  fifo: () => {
    const room = new LetterRoom('fifo');
    // More than the ten that SQS shows of a group.
    for (let at = 0; at < 14; at += 1)
      room.letter({ id: `s${at % 7 === 0 ? 1 : 0}:${at}`, group: `s${at % 7 === 0 ? 1 : 0}` });
    return room;
  },
};

const ACTS = {
  redrive: (room: LetterRoom, plane?: DeadLetterPlane) =>
    room.desk({}, plane).redrive({ queue: room.dlq, all: true }, { messagesPerSecond: 100 }),
  edit: async (room: LetterRoom, plane?: DeadLetterPlane) => {
    const [letter] = room.letters;
    if (letter) await room.desk({}, plane).editAsCopy({ queue: room.dlq, id: letter.messageId }, { data: 'edited' });
  },
};

/** Each event by its origin: an edited copy stands for the event that it names. */
const originOf = (message: { body: string }): string =>
  String((JSON.parse(message.body) as { causationid?: string }).causationid ?? eventIdOf(message));

const present = (room: LetterRoom): Set<string> => new Set([...room.letters, ...room.arrived].map(originOf));

describe.each(Object.keys(KINDS) as Array<keyof typeof KINDS>)('%s letters', kind => {
  it.each(FAULTS)('are never nowhere, whichever call of a redrive %s', async fault => {
    const clean = KINDS[kind]();
    clean.core.advance(1_000);
    const all = present(clean);
    const counting = faulty(brokerPlane(clean.core), 0, fault);
    await ACTS.redrive(clean, counting.plane);
    const total = counting.calls();
    expect(total).toBeGreaterThan(8);
    expect(clean.letters).toEqual([]);

    for (let at = 1; at <= total + 3; at += 1) {
      const room = KINDS[kind]();
      room.core.advance(1_000);
      const { plane, died } = faulty(brokerPlane(room.core), at, fault);
      await Promise.race([ACTS.redrive(room, plane).catch(() => 'failed'), died]);
      expect([at, present(room)]).toEqual([at, all]);
      // The next redrive finishes the work, once the leases of the one before are over.
      room.core.advance(310_000);
      await ACTS.redrive(room);
      expect([at, room.letters]).toEqual([at, []]);
      expect([at, new Set(room.arrived.map(originOf))]).toEqual([at, all]);
      for (const lane of ['s0', 's1']) {
        const firsts = [...new Set(room.arrived.map(eventIdOf).filter(id => id.startsWith(lane)))];
        const numbers = firsts.map(id => Number(id.split(':')[1]));
        expect([at, numbers]).toEqual([at, numbers.toSorted((a, b) => a - b)]);
      }
    }
  });

  it.each(FAULTS)('are never nowhere, whichever call of an edit %s', async fault => {
    const clean = KINDS[kind]();
    const all = present(clean);
    const counting = faulty(brokerPlane(clean.core), 0, fault);
    await ACTS.edit(clean, counting.plane);

    for (let at = 1; at <= counting.calls() + 3; at += 1) {
      const room = KINDS[kind]();
      const { plane, died } = faulty(brokerPlane(room.core), at, fault);
      await Promise.race([ACTS.edit(room, plane).catch(() => 'failed'), died]);
      expect([at, present(room)]).toEqual([at, all]);
      // Edited again, it is the same event: the inbox drops it.
      const copies = new Set(room.arrived.map(eventIdOf));
      expect(copies.size).toBeLessThanOrEqual(1);
    }
  });
});
