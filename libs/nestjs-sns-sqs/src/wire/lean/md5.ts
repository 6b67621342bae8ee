import { hash } from 'node:crypto';
import { LARGE_BODY, turnToRead } from '../../async/large-messages.js';
import type { SqsMessage } from '../../interfaces/wire.interface.js';

export interface SentEntry {
  Id?: string;
  MessageId?: string;
  MD5OfMessageBody?: string;
}

type Summed = SqsMessage & { MD5OfBody?: string };

/** As the SDK does: throws, or rejects, when a body is not what SQS has. Large bodies take turns. */
export function assertBodiesIntact(messages: readonly Summed[]): Promise<void> | undefined {
  if (messages.some(({ Body = '' }) => Body.length >= LARGE_BODY)) return assertLargeIntact(messages);
  refuse(messages.filter(isBroken));
  return undefined;
}

async function assertLargeIntact(messages: readonly Summed[]): Promise<void> {
  const broken: Summed[] = [];
  for (const message of messages) {
    const turn = turnToRead(message.Body?.length ?? 0);
    if (turn) await turn;
    if (isBroken(message)) broken.push(message);
  }
  refuse(broken);
}

const isBroken = ({ Body = '', MD5OfBody }: Summed): boolean => MD5OfBody !== hash('md5', Body);

interface Sent {
  id: string;
  body: string;
}

/** The sum of a body, computed before a call: when many calls are answered at one time, there is nothing left to compute. */
export const md5Of = (body: string): string => hash('md5', body);

/**
 * As the SDK does: throws when SQS has not what was sent.
 * @param sums of the entries' bodies, by {@link md5Of}
 * @param read gives the entry's id, and its body: middleware of the user's may have changed it since
 */
export function assertSentIntact<E>(
  entries: readonly E[],
  sums: readonly string[],
  answered: readonly SentEntry[],
  read: (entry: E) => Sent,
): void {
  let byId: Map<string | undefined, SentEntry> | undefined;
  const broken: SentEntry[] = [];
  entries.forEach((entry, at) => {
    const { id, body } = read(entry);
    // As a rule the answer is in the order of the entries.
    const inPlace = answered[at];
    const answer =
      inPlace?.Id === id ? inPlace : (byId ??= new Map(answered.map(each => [each.Id, each] as const))).get(id);
    const sum = answer?.MD5OfMessageBody;
    if (answer && sum !== sums[at] && sum !== md5Of(body)) broken.push(answer);
  });
  refuse(broken);
}

function refuse(broken: ReadonlyArray<{ MessageId?: string | undefined }>): void {
  if (broken.length === 0) return;
  throw new Error(`Invalid MD5 checksum on messages: ${broken.map(({ MessageId }) => MessageId).join(', ')}`);
}
