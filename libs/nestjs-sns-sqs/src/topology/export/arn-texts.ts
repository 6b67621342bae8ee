import type { FullName } from '../../interfaces/names.interface.js';
import { isArn } from '../names.js';

/** A text in which CloudFormation's pseudo parameters stand for what only an account knows. */
export type ArnText = string;

const HERE = '${AWS::Region}:${AWS::AccountId}';

export const queueArnText = (name: FullName): ArnText => `arn:\${AWS::Partition}:sqs:${HERE}:${name}`;

/** A topic that is named by its ARN is of that account. */
export const topicArnText = (name: FullName): ArnText =>
  isArn(name) ? name : `arn:\${AWS::Partition}:sns:${HERE}:${name}`;

/** `https://sqs.eu-west-1.amazonaws.com/111111111111/q` → that queue's ARN; undefined for an endpoint that is not AWS's. */
export function arnOfQueueUrl(url: string): ArnText | undefined {
  const found = /^https:\/\/sqs\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/(\d{12})\/([^/?#]+)/.exec(url);
  return found ? `arn:\${AWS::Partition}:sqs:${found[1]}:${found[2]}:${found[3]}` : undefined;
}

export interface Place {
  partition: string;
  region: string;
  account: string;
}

/** Puts an account in. */
export const placed = (text: ArnText, { partition, region, account }: Place): string =>
  text
    .replaceAll('${AWS::Partition}', partition)
    .replaceAll('${AWS::Region}', region)
    .replaceAll('${AWS::AccountId}', account);
