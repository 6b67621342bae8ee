/** The part of AsyncAPI 3.0 that is written here. */
export interface AsyncApi {
  asyncapi: '3.0.0';
  info: { title: string; version: string; description: string };
  defaultContentType: string;
  channels: Record<string, Channel>;
  operations: Record<string, Operation>;
  components: {
    schemas: Record<string, JsonSchema>;
    messages: Record<string, Message>;
    messageTraits: Record<string, object>;
  };
}

export type JsonSchema = Record<string, unknown>;

export interface Reference {
  $ref: string;
}

export interface Channel {
  /** Null: known at run time only. */
  address: string | null;
  title: string;
  description: string;
  messages: Record<string, Reference>;
  bindings?: { sns?: object; sqs?: object };
  /** Of a queue: its dead-letter queue and what its subscriptions let through. */
  'x-nestjs-sns-sqs'?: ChannelFacts;
}

export interface ChannelFacts {
  service: string;
  kind: 'topic' | 'use-case' | 'commands' | 'replies';
  subscriptions?: Array<{ topic: string; types: string[] }>;
}

export interface Message {
  name: string;
  title: string;
  summary?: string;
  traits?: Reference[];
  payload: JsonSchema;
}

export interface Operation {
  action: 'send' | 'receive';
  channel: Reference;
  summary: string;
  messages: Reference[];
  reply?: { channel: Reference; messages: Reference[] };
}
