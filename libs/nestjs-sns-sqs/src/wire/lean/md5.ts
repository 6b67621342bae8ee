import { hash } from 'node:crypto';
import type { OutgoingSqsMessage, SqsMessage } from '../../interfaces/wire.interface.js';

export interface SentEntry {
  Id?: string;
  MessageId?: string;
  MD5OfMessageBody?: string;
}

/** As the SDK does: throws when a body is not what SQS has. */
export function assertBodiesIntact(messages: ReadonlyArray<SqsMessage & { MD5OfBody?: string }>): void {
  const broken = messages.filter(({ Body = '', MD5OfBody }) => MD5OfBody !== hash('md5', Body));
  refuse(broken);
}

/** As the SDK does: throws when SQS has not what was sent. */
export function assertSentIntact(entries: readonly OutgoingSqsMessage[], sent: readonly SentEntry[]): void {
  const bodies = new Map(entries.map(({ id, body }) => [id, body]));
  const isBroken = ({ Id = '', MD5OfMessageBody }: SentEntry): boolean => {
    const body = bodies.get(Id);
    return body !== undefined && MD5OfMessageBody !== hash('md5', body);
  };
  refuse(sent.filter(isBroken));
}

function refuse(broken: ReadonlyArray<{ MessageId?: string | undefined }>): void {
  if (broken.length === 0) return;
  throw new Error(`Invalid MD5 checksum on messages: ${broken.map(({ MessageId }) => MessageId).join(', ')}`);
}
