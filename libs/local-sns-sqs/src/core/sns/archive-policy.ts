import type { Broker } from '../broker.js';
import { Archive, readArchivePolicy } from './archive.js';
import type { Topic } from './topic.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Begins, prolongs, shortens or ends a topic's archive, as its attribute says. An archive that ends loses its messages. */
export function archivePolicyChanged(broker: Broker, topic: Topic): void {
  const days = readArchivePolicy(topic.attributes.get('ArchivePolicy') ?? '{}') ?? 0;
  if (days === 0) {
    topic.archiveEnd = topic.archive?.end ?? topic.archiveEnd;
    topic.archive = undefined;
    broker.journal?.archiveEnded(topic);
  } else if (topic.archive) topic.archive.retentionMs = days * DAY_MS;
  else topic.archive = new Archive(broker.now(), days * DAY_MS, topic.archiveEnd);
}
