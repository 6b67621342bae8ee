import type { SchemaDocument } from '../../topology/topology-document.js';
import type { AsyncApi, Channel, JsonSchema, Operation, Reference } from './async-api.js';
import { ComponentKeys } from './component-key.js';
import { CLOUD_EVENT, CLOUD_EVENT_TRAIT, dataSchema, eventSchema, placedSchema } from './envelope-schema.js';

/** A reference to a part of the document. */
export const ref = (...path: string[]): Reference => ({
  $ref: `#/${path.map(each => each.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`,
});

const byName = <T>(entries: ReadonlyArray<[string, T]>): Record<string, T> =>
  Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** Collects what is said of one app. Each thing is said once, whoever names it first with most. */
export class DocumentBuilder {
  private readonly channels = new Map<string, Channel>();
  private readonly operations = new Map<string, Operation>();
  private readonly schemas = new Map<string, JsonSchema>();
  private readonly messages = new Map<string, AsyncApi['components']['messages'][string]>();
  private readonly keys = {
    channel: new ComponentKeys(),
    operation: new ComponentKeys(),
    message: new ComponentKeys(),
  };

  /** A message, by who defines it and its name. @returns its key */
  message(owner: string, type: string, schema: SchemaDocument | undefined, summary: string): string {
    const key = this.keys.message.of(`${owner}.${type}`);
    const known = this.schemas.get(key);
    if (!known || schema !== undefined) this.addSchema(key, schema);
    if (!this.messages.has(key)) {
      this.messages.set(key, {
        name: type,
        title: type,
        summary,
        traits: [ref('components', 'messageTraits', 'CloudEvent')],
        payload: eventSchema(type, ref('components', 'schemas', key).$ref),
      });
    }
    return key;
  }

  /** A reply is Nest's packet, and no event. */
  reply(owner: string, type: string, schema: SchemaDocument | undefined): string {
    const key = this.keys.message.of(`${owner}.${type}.reply`);
    this.addSchema(key, schema);
    this.messages.set(key, {
      name: `${type}.reply`,
      title: `Reply to ${type}`,
      payload: {
        type: 'object',
        description: "Nest's packet: an item of the answer, or an error.",
        required: ['id', 'isDisposed'],
        properties: {
          id: { type: 'string' },
          response: ref('components', 'schemas', key),
          err: { description: 'The error, in place of a response.' },
          isDisposed: { type: 'boolean', description: 'True: the last one.' },
        },
      },
    });
    return key;
  }

  private addSchema(key: string, schema: SchemaDocument | undefined): void {
    this.schemas.set(key, placedSchema(dataSchema(schema), ref('components', 'schemas', key).$ref));
  }

  channel(name: string, make: () => Omit<Channel, 'messages'>): string {
    const key = this.keys.channel.of(name);
    if (!this.channels.has(key)) this.channels.set(key, { ...make(), messages: {} });
    return key;
  }

  /** @returns the message as the channel has it */
  on(channel: string, message: string): Reference {
    const found = this.channels.get(channel);
    if (found) found.messages[message] = ref('components', 'messages', message);
    return ref('channels', channel, 'messages', message);
  }

  operation(name: string, operation: Operation): void {
    const key = this.keys.operation.of(name);
    const known = this.operations.get(key);
    if (known)
      known.messages.push(...operation.messages.filter(({ $ref }) => !known.messages.some(each => each.$ref === $ref)));
    else this.operations.set(key, operation);
  }

  document(info: AsyncApi['info']): AsyncApi {
    const channels = [...this.channels].map(([key, { messages, ...channel }]): [string, Channel] => [
      key,
      { ...channel, messages: byName(Object.entries(messages)) },
    ]);
    return {
      asyncapi: '3.0.0',
      info,
      defaultContentType: 'application/json',
      channels: byName(channels),
      operations: byName([...this.operations]),
      components: {
        schemas: { CloudEvent: CLOUD_EVENT, ...byName([...this.schemas]) },
        messages: byName([...this.messages]),
        messageTraits: { CloudEvent: CLOUD_EVENT_TRAIT },
      },
    };
  }
}
