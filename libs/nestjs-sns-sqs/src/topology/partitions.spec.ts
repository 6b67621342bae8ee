import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isKnownRegion, partitionOf } from './partitions.js';

// What the SDK's clients use themselves.
const fromClient = createRequire(createRequire(join(process.cwd(), 'x.js')).resolve('@aws-sdk/client-sns'));
const core = fromClient.resolve('@aws-sdk/core/client');
const { partition } = fromClient('@aws-sdk/core/client') as { partition: (region: string) => { name: string } };

function regionsOfTheSdk(): string[] {
  const table = join(dirname(core), '../../../dist-es/submodules/client/util-endpoints/lib/aws/partitions.js');
  return [...readFileSync(table, 'utf8').matchAll(/"([a-z]+(?:-[a-z]+)+-\d)": \{/g)].map(([, region = '']) => region);
}

describe('partitionOf', () => {
  it('knows the partition of each region that the SDK knows', () => {
    const regions = regionsOfTheSdk();
    expect(regions.length).toBeGreaterThan(35);
    expect(regions.map(region => [region, partitionOf(region)])).toEqual(
      regions.map(region => [region, partition(region).name]),
    );
  });

  it('is sure only of regions that the SDK knows', () => {
    const numbered = regionsOfTheSdk().flatMap(region =>
      Array.from({ length: 10 }, (_, n) => region.replace(/\d$/, `${n}`)),
    );
    const unknown = numbered.filter(region => !regionsOfTheSdk().includes(region));
    expect(unknown.filter(isKnownRegion)).toEqual([]);
    expect(regionsOfTheSdk().filter(isKnownRegion).length).toBeGreaterThan(40);
    expect(['', 'eu-wst-1', 'eu-west-1a', 'x-eu-west-1', 'localhost'].filter(isKnownRegion)).toEqual([]);
  });

  it('takes a region that is new for one of the commercial partition', () => {
    expect(partitionOf('mx-north-7')).toBe('aws');
  });
});
