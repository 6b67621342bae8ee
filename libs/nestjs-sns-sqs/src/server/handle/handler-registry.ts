import type { MessageHandler } from '@nestjs/microservices';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { isExpressible, matchesPattern } from '../../topology/filter-policy.js';

export interface RegisteredHandler {
  pattern: string;
  /** Full name. */
  queue: string;
  /** Its queue gets the type from a topic. */
  subscribed: boolean;
  handler: MessageHandler;
}

/** The handlers by queue and pattern: a message runs its own queue's handler only, whoever else takes the same event. */
export class HandlerRegistry {
  private readonly byQueue = new Map<string, Map<string, MessageHandler>>();
  private readonly wildcards = new Map<string, RegisteredHandler[]>();
  private readonly looselyFiltered = new Set<string>();

  /** Throws DUPLICATE_HANDLER with every queue and pattern that has two handlers. */
  constructor(handlers: readonly RegisteredHandler[]) {
    const duplicates: string[] = [];
    for (const registered of handlers) {
      const patterns = this.byQueue.get(registered.queue) ?? new Map<string, MessageHandler>();
      this.byQueue.set(registered.queue, patterns);
      if (patterns.has(registered.pattern)) duplicates.push(`${registered.pattern} on ${registered.queue}`);
      patterns.set(registered.pattern, registered.handler);
      const subscribed = handlers.filter(({ queue, subscribed }) => subscribed && queue === registered.queue);
      if (!isExpressible(subscribed.map(({ pattern }) => pattern))) this.looselyFiltered.add(registered.queue);
      if (registered.pattern.includes('*')) {
        this.wildcards.set(registered.queue, [...(this.wildcards.get(registered.queue) ?? []), registered]);
      }
    }
    for (const list of this.wildcards.values()) list.sort((a, b) => literal(b.pattern) - literal(a.pattern));
    if (duplicates.length > 0) {
      throw new SnsSqsError('DUPLICATE_HANDLER', {
        problem: `Two handlers name the same queue and pattern: ${duplicates.join('; ')}`,
        remedy: 'give each use case a queue of its own',
        facts: { duplicates },
      });
    }
  }

  get queues(): string[] {
    return [...this.byQueue.keys()];
  }

  /** True: SNS cannot filter for this queue exactly, so types that none of its handlers means are to be expected. */
  isLooselyFiltered(queue: string): boolean {
    return this.looselyFiltered.has(queue);
  }

  /** The handler for a type: the exact pattern before wildcards, of these the one with the longest literal part. */
  find(queue: string, type: string): MessageHandler | undefined {
    return (
      this.byQueue.get(queue)?.get(type) ??
      this.wildcards.get(queue)?.find(({ pattern }) => matchesPattern(pattern, type))?.handler
    );
  }
}

const literal = (pattern: string): number => pattern.replaceAll('*', '').length;
