import { jest } from '@jest/globals';
import { Pauses } from './pauses.js';

function pausesOf(...useCases: string[]) {
  const told: string[] = [];
  const consumers = useCases.map(useCase => ({
    useCase,
    pause: () => Promise.resolve(void told.push(`pause ${useCase}`)),
    resume: () => void told.push(`resume ${useCase}`),
  }));
  let exist: typeof consumers = consumers;
  const pauses = new Pauses({
    prefix: 'dev-',
    queues: () => ['dev-a', 'dev-b', 'dev-a'],
    consumers: () => exist,
    logger: { log: jest.fn() },
  });
  const beforeTheStart = (): void => void (exist = []);
  const afterTheStart = (): void => void (exist = consumers);
  return { pauses, told, beforeTheStart, afterTheStart };
}

describe('Pauses', () => {
  it.each(['a', 'dev-a'])('knows a queue as %s, with its former names', async name => {
    const { pauses, told } = pausesOf('dev-a', 'dev-a', 'dev-b');
    await pauses.pause(name);
    pauses.resume(name);
    expect(told).toEqual(['pause dev-a', 'pause dev-a', 'resume dev-a', 'resume dev-a']);
  });

  it('pauses all, and resumes one of them', async () => {
    const { pauses, told } = pausesOf('dev-a', 'dev-b');
    await pauses.pause();
    pauses.resume('b');
    expect(told).toEqual(['pause dev-a', 'pause dev-b', 'resume dev-b']);
  });

  it('pauses at the start what was paused before it', async () => {
    const { pauses, told, beforeTheStart, afterTheStart } = pausesOf('dev-a', 'dev-b');
    beforeTheStart();
    await pauses.pause();
    pauses.resume('a');
    afterTheStart();
    pauses.apply();
    expect(told).toEqual(['pause dev-b']);
  });

  it('refuses a name that no handler has', async () => {
    const { pauses } = pausesOf('dev-a');
    await expect(pauses.pause('c')).rejects.toMatchObject({ code: 'INVALID_NAME' });
    expect(() => pauses.resume('c')).toThrow('dev-a, dev-b');
  });
});
