import { constructStack } from '@smithy/core/client';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { RequestHandler } from './client-view.js';
import { quickChecksums } from './quick-checksums.js';
import { quickProtocol, type Middleware } from './quick-protocol.js';
import { quickSigner } from './quick-signer.js';
import { quickUserAgent } from './quick-user-agent.js';

type Client = SQSClient | SNSClient;

/** The SDK's stack of middleware, whose own type has an overload for each step. */
interface Stack {
  add(middleware: unknown, options?: object): void;
  addRelativeTo(middleware: unknown, options: object): void;
  use: unknown;
  remove: unknown;
  removeByTag: unknown;
  applyToStack(stack: object): void;
  concat: (from: Stack) => Stack;
}

/** What changes a stack. */
const CHANGES = ['add', 'addRelativeTo', 'use', 'remove', 'removeByTag'] as const;

/** Called when a stack has changed. */
const watchers = new WeakMap<object, Array<() => void>>();

/**
 * The same client with another request handler, for calls that are made again and again: its middleware, in the same
 * order, with some of the SDK's in quicker words, put together once for each command and not for each call, until
 * somebody changes the client's middleware. For clients that are made here. A call with options (a signal) is put
 * together for itself, as the SDK has it.
 */
export function hotView<C extends Client>(client: C, requestHandler: RequestHandler): C {
  const config = { ...client.config, requestHandler, cacheMiddleware: true };
  const own = client.middlewareStack as unknown as Stack;
  let stack: Stack | undefined;
  const view = Object.create(client, {
    config: { value: config },
    handlers: { value: undefined, writable: true, configurable: true },
    middlewareStack: { get: () => (stack ??= quickStack(own, client.config)) },
  }) as C;
  onChange(own, () => {
    stack = undefined;
    Object.assign(view, { handlers: undefined });
  });
  keepSigners(client.config);
  return view;
}

/** The same middlewares in the same places, those of a command among them. */
function quickStack(own: Stack, config: object): Stack {
  const quick = { ...quickProtocol(config), ...quickChecksums(config), ...quickUserAgent() };
  // The SDK hands the middleware over among the options too, and these count.
  const inPlace = <O extends object>(middleware: unknown, options: O): O => {
    const { name = '' } = options as { name?: string };
    return { ...options, middleware: quick[name]?.(middleware as Middleware) ?? middleware };
  };
  const copyTo = (stack: Stack, from: Stack): void =>
    from.applyToStack({
      add: (middleware: unknown, options: object = {}) => stack.add(middleware, inPlace(middleware, options)),
      addRelativeTo: (middleware: unknown, options: object) =>
        stack.addRelativeTo(middleware, inPlace(middleware, options)),
    });
  const stack = constructStack() as unknown as Stack;
  copyTo(stack, own);
  // The client's, and then those of the command.
  const { concat } = stack;
  stack.concat = ofCommand => {
    const quickOnes = constructStack() as unknown as Stack;
    copyTo(quickOnes, ofCommand);
    return concat(quickOnes);
  };
  return stack;
}

function onChange(stack: Stack, changed: () => void): void {
  const known = watchers.get(stack);
  if (known) return void known.push(changed);
  const told = [changed];
  watchers.set(stack, told);
  for (const name of CHANGES) {
    const change = stack[name] as (...args: unknown[]) => unknown;
    const watched = (...args: unknown[]): unknown => {
      try {
        return change(...args);
      } finally {
        for (const tell of told) tell();
      }
    };
    Object.assign(stack, { [name]: watched });
  }
}

interface AuthScheme {
  name?: string;
  signingName?: string;
  signingRegion?: string;
}

const KEPT = Symbol('kept signers');

/** The SDK makes a signer for each call, of a copy of the whole configuration. One for each place asks for the same credentials. */
function keepSigners(config: object): void {
  const { signer, signerConstructor } = config as {
    signer?: ((scheme?: AuthScheme) => Promise<unknown>) & { [KEPT]?: true };
    signerConstructor?: unknown;
  };
  if (typeof signer !== 'function' || signer[KEPT]) return;
  const isUsers = signerConstructor !== undefined;
  const known = new Map<string, unknown>();
  const keeping = async (scheme?: AuthScheme): Promise<unknown> => {
    const place = [scheme?.name, scheme?.signingName, scheme?.signingRegion].join(' ');
    if (!known.has(place)) known.set(place, isUsers ? await signer(scheme) : quickSigner(await signer(scheme)));
    return known.get(place);
  };
  Object.assign(config, { signer: Object.assign(keeping, { [KEPT]: true }) });
}
