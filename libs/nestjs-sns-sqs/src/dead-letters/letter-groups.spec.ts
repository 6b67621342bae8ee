import { LetterRoom, brokerPlane } from '../../test/letter-desk.js';
import { LetterGroups } from './letter-groups.js';

describe('LetterGroups', () => {
  it('keeps no more groups than it may, and counts every letter', async () => {
    const room = new LetterRoom();
    for (let at = 0; at < 100; at += 1) room.letter({ type: `type.${at}` });
    const { letters } = await room.desk({}, brokerPlane(room.core)).list(room.dlq, { limit: 100 });
    const groups = new LetterGroups(10);
    for (const letter of [...letters, ...letters]) groups.add(letter);
    const all = groups.list();
    expect(all).toHaveLength(11);
    expect(all[0]).toMatchObject({ key: 'others', count: 180 });
    expect(all.reduce((sum, { count }) => sum + count, 0)).toBe(200);
  });

  it('tells of a group when it began, when it ends, and how often its letters were redriven', async () => {
    const room = new LetterRoom();
    room.letter({ attributes: { 'redrive.count': '2' } });
    room.core.advance(60_000);
    room.letter();
    const { groups } = await room.desk().groups(room.dlq);
    const [group] = groups;
    expect(group).toMatchObject({ count: 2, redrives: 2 });
    expect((group?.lastAt ?? 0) - (group?.firstAt ?? 0)).toBeGreaterThanOrEqual(60_000);
    expect(group?.expiresAt).toBe((group?.firstAt ?? 0) + 14 * 86_400_000);
  });
});
