import { eventKey, newToken, subjectKey } from '../inbox/inbox-key.js';
import type { EventMetadata } from '../interfaces/envelope.interface.js';
import type { InboxStore } from '../interfaces/inbox-store.interface.js';
import type { FullName } from '../interfaces/names.interface.js';

export interface InboxView {
  /** The event was handled: a second one is skipped. */
  isDone: boolean;
  /** Sequence of the last event of the subject that is done. Undefined: the store does not know, or cannot tell. */
  position: string | undefined;
}

/** The event is held for the length of two calls, in milliseconds; if this process dies, no longer than this. */
const HOLD_MS = 1_000;
/** Nobody waits there. */
const NO_HANDLE = '-';

/** What the inbox remembers of an event, without a change: a claim is given back as if it had never been made. */
export async function lookIntoInbox(store: InboxStore, queue: FullName, event: EventMetadata): Promise<InboxView> {
  const { source, subject } = event;
  const key = eventKey(event);
  const claim = { queue, key, token: newToken() };
  const { status } = await store.claim(claim, HOLD_MS);
  if (status === 'claimed') await store.release(claim, 'unstarted');
  if (subject === undefined || subject === '' || store.putOff === undefined) {
    return { isDone: status === 'done', position: undefined };
  }
  const place = `l:${claim.token}`;
  const { position } = await store.putOff({
    queue,
    key,
    subject: subjectKey({ source, subject }),
    place,
    handle: NO_HANDLE,
    forMs: 1,
  });
  return { isDone: status === 'done', position };
}
