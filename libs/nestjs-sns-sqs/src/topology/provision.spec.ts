import { FakePlanes } from '../../test/fake-planes.js';
import type { Provisioning } from '../interfaces/options.interface.js';
import { buildTopology } from './build-topology.js';
import { provision } from './provision.js';

const version = (...patterns: string[]) =>
  buildTopology({
    service: 'notifications',
    prefix: '',
    handlers: patterns.map(pattern => ({ pattern, queue: 'mail', topic: 'users' })),
    settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 1_209_600 }),
  });

describe('provision', () => {
  const start = async (fake: FakePlanes, mode: Provisioning, ...patterns: string[]): Promise<string[]> => {
    fake.logger.warn.mockClear();
    await provision(version(...patterns), { ...fake, signal: new AbortController().signal }, mode);
    return fake.warnings;
  };

  it.each<Provisioning>(['create', 'verify'])(
    'names in one line what is let through and this version does not take: %s',
    async mode => {
      const fake = new FakePlanes();
      await start(fake, 'create', 'user.registered', 'user.*.v2', 'user.deleted');
      expect(await start(fake, mode, 'user.registered')).toEqual([
        expect.stringMatching(
          /^mail: its subscriptions let through user\.deleted, user\.\*, which no handler .* prune narrows/,
        ),
      ]);
    },
  );

  it('says nothing where the filter is as this version needs it, or what it takes is everything', async () => {
    const fake = new FakePlanes();
    expect(await start(fake, 'create', 'a', 'b')).toEqual([]);
    expect(await start(fake, 'create', 'b', 'a')).toEqual([]);
    await start(fake, 'create', '*');
    expect(await start(fake, 'create', '*')).toEqual([]);
    expect(await start(fake, 'off', 'a')).toEqual([]);
  });
});
