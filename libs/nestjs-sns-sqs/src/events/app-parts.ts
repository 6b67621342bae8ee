import type { MessageHandler, MsPattern } from '@nestjs/microservices';
import type { RequestShapes, Shapes } from '../contracts/shapes.js';
import type { SqsHandlerExtras } from '../interfaces/handler-extras.interface.js';
import type { FullName } from '../interfaces/names.interface.js';
import type { ClientSNSOptions, ClientSQSOptions } from '../interfaces/client-options.interface.js';
import type { ResolvedServerOptions } from '../options/server-options.js';

export interface PartHandler {
  pattern: string;
  handler: MessageHandler;
  extras: SqsHandlerExtras;
}

/** A `ServerSQS` of an app. */
export interface ServerPart {
  kind: 'server';
  options: ResolvedServerOptions;
  /** Empty until Nest has registered the handlers. */
  handlers: () => readonly PartHandler[];
  /** The server, as Nest registers handlers with it. */
  strategy: {
    readonly transportId: symbol;
    addHandler(pattern: MsPattern, handler: MessageHandler, isEvent?: boolean, extras?: Record<string, unknown>): void;
  };
}

/** A `ClientSNS` of an app. */
export interface PublisherPart {
  kind: 'publisher';
  options: ClientSNSOptions;
  topic: FullName;
}

/** A `ClientSQS` of an app. */
export interface SenderPart {
  kind: 'sender';
  options: ClientSQSOptions;
  queue: FullName;
}

/** A contract that the app's code defines or imports. */
export interface ContractPart {
  kind: 'contract';
  service: string;
  events: Shapes;
  commands: Shapes;
  requests: RequestShapes;
}

/** What an app is made of, as far as this library knows. */
export type AppPart = ServerPart | PublisherPart | SenderPart | ContractPart;

/** One for all builds and copies of this library in the process. */
const COLLECTOR = Symbol.for('nestjs-sns-sqs.app-parts');
const holder = globalThis as { [COLLECTOR]?: (part: AppPart) => void };

/** Each server, client and contract calls it once, when it is made. Nothing is kept unless a command collects. */
export function announcePart(part: AppPart): void {
  holder[COLLECTOR]?.(part);
}

/** From now on the parts that are made are put into the list. For commands, which read an app and do not run it. */
export function collectParts(): { parts: readonly AppPart[]; end: () => void } {
  const parts: AppPart[] = [];
  const before = holder[COLLECTOR];
  holder[COLLECTOR] = part => void parts.push(part);
  const end = (): void => {
    if (before) holder[COLLECTOR] = before;
    else delete holder[COLLECTOR];
  };
  return { parts, end };
}
