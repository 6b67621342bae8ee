/** What regions begin with, and the partition that an ARN of theirs names. A spec compares it with the SDK's own table. */
const PARTITIONS: ReadonlyArray<readonly [string, string]> = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['eu-isoe-', 'aws-iso-e'],
  ['us-isof-', 'aws-iso-f'],
  ['eusc-', 'aws-eusc'],
];

/** `cn-north-1` → `aws-cn`, `eu-west-1` → `aws` */
export const partitionOf = (region: string): string =>
  PARTITIONS.find(([start]) => region.startsWith(start))?.[1] ?? 'aws';

/** A region that is newer than this list is not known. A spec compares it with the SDK's own table. */
const KNOWN_REGION = new RegExp(
  `^(${[
    'af-south-1',
    'ap-east-[12]',
    'ap-northeast-[1-3]',
    'ap-south-[12]',
    'ap-southeast-[1-7]',
    'ca-(central|west)-1',
    'cn-north(west)?-1',
    'eu-(central|south)-[12]',
    'eu-isoe-west-1',
    'eu-north-1',
    'eu-west-[1-3]',
    'eusc-de-east-1',
    'il-central-1',
    'me-(central|south|west)-1',
    'mx-central-1',
    'sa-(east|west)-1',
    'us-(east|west)-[12]',
    'us-gov-(east|west)-1',
    'us-isob?-(east|west)-1',
    'us-isof-(east|south)-1',
  ].join('|')})$`,
);

export const isKnownRegion = (region: string): boolean => KNOWN_REGION.test(region);
