import { SQS_MAX_REDRIVE_SOURCES } from '../constants.js';
import type { QueueArn } from '../interfaces/names.interface.js';

interface RedriveAllowPolicy {
  redrivePermission?: string;
  sourceQueueArns?: string[];
}

const read = (text: string): RedriveAllowPolicy => {
  try {
    return (JSON.parse(text) ?? {}) as RedriveAllowPolicy;
  } catch {
    return {};
  }
};

/** The queue may have its dead letters moved here. */
export const redriveAllowPolicy = (queueArn: QueueArn): { RedriveAllowPolicy: string } => ({
  RedriveAllowPolicy: JSON.stringify({ redrivePermission: 'byQueue', sourceQueueArns: [queueArn] }),
});

/** A permission may name other queues beside ours, or all. */
export function allowsRedrive(found: string, wanted: string): boolean {
  const { redrivePermission, sourceQueueArns = [] } = read(found);
  if (redrivePermission === 'allowAll') return true;
  const needed = read(wanted).sourceQueueArns ?? [];
  return redrivePermission === 'byQueue' && needed.every(arn => sourceQueueArns.includes(arn));
}

/** Allows what either does. */
export function uniteRedriveAllowPolicies(found: string, wanted: string): string {
  const before = read(found);
  if (before.redrivePermission !== 'byQueue') return wanted;
  const all = [...new Set([...(before.sourceQueueArns ?? []), ...(read(wanted).sourceQueueArns ?? [])])];
  return JSON.stringify(
    all.length > SQS_MAX_REDRIVE_SOURCES
      ? { redrivePermission: 'allowAll' }
      : { redrivePermission: 'byQueue', sourceQueueArns: all },
  );
}
