import type { LetterHandlers } from '../../dead-letters/letter-handlers.js';
import type { AppPart, ServerPart } from '../../events/app-parts.js';
import type { InboxStore } from '../../interfaces/inbox-store.interface.js';
import { planConsumers } from '../../server/plan-consumers.js';

const serversOf = (parts: readonly AppPart[]): ServerPart[] =>
  parts.filter((part): part is ServerPart => part.kind === 'server');

/** What an app's servers would do with a letter. Throws what their start would throw for its handlers. */
export function lettersHandlersOf(parts: readonly AppPart[]): LetterHandlers {
  const plans = serversOf(parts).map(({ options, handlers }) => planConsumers(handlers(), options));
  return {
    consumes: queue =>
      plans.some(({ topology }) =>
        topology.queues.some(({ name, formerly }) => name === queue || formerly.includes(queue)),
      ),
    find(queue, type) {
      for (const { handlers, named, settingsOf } of plans) {
        const handler = handlers.find(queue, type);
        const found = handler && named.find(each => each.handler === handler);
        if (found) return { schema: found.extras.schema, ordering: settingsOf(found.queue).ordering };
      }
      return undefined;
    },
  };
}

/** The first store that all processes share: one in memory knows nothing of other processes. */
export const sharedStoreOf = (parts: readonly AppPart[]): InboxStore | undefined =>
  serversOf(parts)
    .map(({ options: { inbox } }) => (inbox ? inbox.store : undefined))
    .find(store => store?.isShared === true);
