import type { AsyncApi, Channel, JsonSchema, Operation, Reference } from './async-api.js';
import { schemaChanges, type Direction, type Side } from './schema-changes.js';

export interface ApiChange {
  /** True: somebody else's code may fail. */
  isBreaking: boolean;
  /** The message, channel or queue. */
  where: string;
  what: string;
}

const last = ({ $ref }: Reference): string =>
  ($ref.split('/').at(-1) ?? '').replaceAll('~1', '/').replaceAll('~0', '~');

/** Who must be able to read what: the messages of a document, by key. */
function directionsOf({ operations }: AsyncApi): Map<string, Direction> {
  const directions = new Map<string, Direction>();
  const note = (messages: readonly Reference[], direction: Direction): void => {
    // What is sent and taken by one service is read by others all the same.
    for (const key of messages.map(last)) if (directions.get(key) !== 'out') directions.set(key, direction);
  };
  for (const { action, messages, reply } of Object.values(operations)) {
    note(messages, action === 'send' ? 'out' : 'in');
    if (reply) note(reply.messages, action === 'send' ? 'in' : 'out');
  }
  return directions;
}

function removedMessages(before: AsyncApi, after: AsyncApi): ApiChange[] {
  const now = directionsOf(after);
  const kept = new Map([...directionsOf(before)].filter(([key]) => !now.has(key)));
  return [...kept].flatMap(([key, direction]) => {
    if (key.endsWith('.reply')) return [];
    const isOwnUseCase = direction === 'in' && isOnlyEvent(before, key);
    const what =
      direction === 'out'
        ? 'is not sent any more'
        : isOwnUseCase
          ? 'has no use case any more'
          : 'is not taken any more';
    return [{ isBreaking: !isOwnUseCase, where: key, what }];
  });
}

/** Taken by use cases only: nobody else depends on it. */
const isOnlyEvent = (document: AsyncApi, key: string): boolean =>
  channelsOf(document, key).every(channel => channel['x-nestjs-sns-sqs']?.kind === 'use-case');

const channelsOf = ({ channels }: AsyncApi, key: string): Channel[] =>
  Object.values(channels).filter(({ messages }) => key in messages);

function changedMessages(before: AsyncApi, after: AsyncApi): ApiChange[] {
  const [was, now] = [directionsOf(before), directionsOf(after)];
  return [...now].flatMap(([key, direction]) => {
    const [old, schema] = [before.components.schemas[key], after.components.schemas[key]];
    if (!was.has(key)) return [{ isBreaking: false, where: key, what: 'is new' }];
    if (!old || !schema) return [];
    return schemaChanges(sideOf(before, old), sideOf(after, schema), direction).map(({ isBreaking, path, what }) => ({
      isBreaking,
      where: key,
      what: path === '' ? what : `${path} ${what}`,
    }));
  });
}

/** References lead into the document. */
const sideOf = (document: AsyncApi, schema: JsonSchema): Side => ({ schema, root: document as unknown as JsonSchema });

function movedMessages(before: AsyncApi, after: AsyncApi): ApiChange[] {
  const addressesOf = (document: AsyncApi, key: string): string[] =>
    sentOn(document.operations, document.channels, key).toSorted();
  return [...directionsOf(after)].flatMap(([key, direction]) => {
    if (direction !== 'out') return [];
    const [old, now] = [addressesOf(before, key), addressesOf(after, key)];
    const gone = old.filter(address => !now.includes(address));
    return gone.length > 0 && now.length > 0
      ? [{ isBreaking: true, where: key, what: `is sent to ${now.join(', ')} and no longer to ${gone.join(', ')}` }]
      : [];
  });
}

const sentOn = (operations: Record<string, Operation>, channels: Record<string, Channel>, key: string): string[] =>
  Object.values(operations)
    .filter(({ action, messages }) => action === 'send' && messages.some(each => last(each) === key))
    .flatMap(({ channel }) => channels[last(channel)]?.address ?? []);

function narrowedFilters(before: AsyncApi, after: AsyncApi): ApiChange[] {
  return Object.entries(before.channels).flatMap(([key, { 'x-nestjs-sns-sqs': was }]) => {
    const now = after.channels[key]?.['x-nestjs-sns-sqs'];
    if (!was?.subscriptions || !now) return [];
    return was.subscriptions.flatMap(({ topic, types }) => {
      const taken = now.subscriptions?.find(each => each.topic === topic)?.types ?? [];
      const lost = types.filter(type => !taken.includes(type));
      return lost.length > 0
        ? [
            {
              isBreaking: true,
              where: key,
              what: `takes ${lost.join(', ')} of ${topic} no more: its filter is narrower`,
            },
          ]
        : [];
    });
  });
}

/** What others notice of the way from one document to the other, breaking changes first. Pure. */
export function diffAsyncApi(before: AsyncApi, after: AsyncApi): ApiChange[] {
  const changes = [
    ...removedMessages(before, after),
    ...changedMessages(before, after),
    ...movedMessages(before, after),
    ...narrowedFilters(before, after),
  ];
  return changes.toSorted((a, b) => Number(b.isBreaking) - Number(a.isBreaking) || (a.where < b.where ? -1 : 1));
}
