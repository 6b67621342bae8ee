import { planTypes, recordedPatterns } from './queue-tags.js';

const written = (found: Record<string, string>, patterns: string[]): Record<string, string> => {
  const { set, remove } = planTypes(found, patterns);
  const left = Object.entries(found).filter(([key]) => !remove.includes(key));
  return { ...Object.fromEntries(left), ...set };
};
const AWS_TAG = /^[A-Za-z0-9 _.:/=+@-]{1,256}$/;

describe('planTypes and recordedPatterns', () => {
  it.each([['user.registered'], ['user.*'], ['{"cmd":"sum"}'], ['a+b=c*'], ['grüße 🎉'], ['=2A']])(
    '%s is read as it was written, in characters that AWS takes',
    pattern => {
      const tags = written({}, [pattern, 'other']);
      expect(recordedPatterns(tags)).toEqual([pattern, 'other'].toSorted());
      for (const [key, value] of Object.entries(tags)) expect(key + value).toMatch(AWS_TAG);
    },
  );

  it('keeps what another version wanted', () => {
    const first = written({}, ['user.registered']);
    expect(recordedPatterns(written(first, ['user.deleted']))).toEqual(['user.deleted', 'user.registered']);
  });

  it('changes nothing for what is recorded', () => {
    expect(planTypes(written({}, ['b', 'a']), ['a', 'b'])).toEqual({ set: {}, remove: [] });
    expect(planTypes(written({}, ['b', 'a']), ['a'])).toEqual({ set: {}, remove: [] });
  });

  it('loses nothing when two versions write at the same time', () => {
    const [one, two] = [planTypes({}, ['a']), planTypes({}, ['b'])];
    expect(recordedPatterns({ ...one.set, ...two.set })).toEqual(['a', 'b']);
  });

  it('knows nothing where nothing was recorded', () => {
    expect(recordedPatterns({ 'nestjs-sns-sqs:service': 'users', team: 'x' })).toBeUndefined();
  });

  it('puts the types of many versions together before the tags run out', () => {
    let tags: Record<string, string> = { team: 'mine' };
    const wanted: string[] = [];
    for (let version = 0; version < 60; version += 1) {
      wanted.push(`type.${version}`);
      tags = written(tags, [`type.${version}`]);
      expect(Object.keys(tags).length).toBeLessThanOrEqual(13);
    }
    expect(recordedPatterns(tags)).toEqual(wanted.toSorted());
    expect(tags['team']).toBe('mine');
  });

  it('records everything where the types do not fit: none is deleted that somebody wants', () => {
    const many = Array.from({ length: 400 }, (_, n) => `some.rather.long.type.${n}`);
    expect(recordedPatterns(written({}, many))).toEqual(['*']);
    expect(recordedPatterns(written(written({}, ['a']), many))).toEqual(['*']);
  });

  it('widens a pattern that no tag can carry', () => {
    expect(recordedPatterns(written({}, ['x'.repeat(300)]))).toEqual([`${'x'.repeat(253)}*`]);
  });
});
