import type { MessageHandler } from '@nestjs/microservices';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { isExpressible } from '../../topology/filter-policy.js';
import { WildcardIndex } from './wildcard-index.js';

export interface RegisteredHandler {
  pattern: string;
  /** Full name. */
  queue: string;
  /** Its queue gets the type from a topic. */
  subscribed: boolean;
  handler: MessageHandler;
}

interface Wildcard {
  pattern: string;
  handler: MessageHandler;
}

/** The handlers by queue and pattern: a message runs its own queue's handler only, whoever else takes the same event. */
export class HandlerRegistry {
  private readonly byQueue = new Map<string, Map<string, MessageHandler>>();
  private readonly wildcards = new Map<string, WildcardIndex<Wildcard>>();
  private readonly looselyFiltered = new Set<string>();

  /** Throws DUPLICATE_HANDLER with every queue and pattern that has two handlers. */
  constructor(handlers: readonly RegisteredHandler[]) {
    const duplicates: string[] = [];
    for (const [queue, registered] of byQueue(handlers)) {
      const exact = new Map<string, MessageHandler>();
      for (const { pattern, handler } of registered) {
        if (exact.has(pattern)) duplicates.push(`${pattern} on ${queue}`);
        exact.set(pattern, handler);
      }
      this.byQueue.set(queue, exact);
      const subscribed = registered.filter(each => each.subscribed).map(({ pattern }) => pattern);
      if (!isExpressible(subscribed)) this.looselyFiltered.add(queue);
      const wildcards = [...exact]
        .filter(([pattern]) => pattern.includes('*'))
        .map(([pattern, handler]): [string, Wildcard] => [pattern, { pattern, handler }]);
      if (wildcards.length > 0) this.wildcards.set(queue, new WildcardIndex(wildcards));
    }
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
    return this.byQueue.get(queue)?.get(type) ?? this.wildcards.get(queue)?.find(type)?.handler;
  }

  /** The pattern of the handler that {@link find} gives: what the app declares, never what is in a message. */
  patternOf(queue: string, type: string): string | undefined {
    return this.byQueue.get(queue)?.has(type) ? type : this.wildcards.get(queue)?.find(type)?.pattern;
  }
}

function byQueue(handlers: readonly RegisteredHandler[]): Map<string, RegisteredHandler[]> {
  const groups = new Map<string, RegisteredHandler[]>();
  for (const handler of handlers) {
    const group = groups.get(handler.queue);
    if (group) group.push(handler);
    else groups.set(handler.queue, [handler]);
  }
  return groups;
}
