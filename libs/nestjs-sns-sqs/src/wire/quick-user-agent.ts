import { HttpRequest } from '@smithy/core/protocols';
import type { Middleware, Next } from './quick-protocol.js';

type Features = Record<string, string> | undefined;

interface Context {
  userAgent?: unknown[];
  __smithy_context?: { features?: Features; selectedHttpAuthScheme?: { identity?: object } };
  __aws_sdk_context?: { features?: Features };
}

interface Headers {
  'user-agent'?: string;
  'x-amz-user-agent'?: string;
}

const textOf = (features: Features): string => {
  let text = '';
  for (const name in features) text += `${name}=${features[name]},`;
  return text;
};

const featuresOf = ({ __smithy_context: smithy, __aws_sdk_context: aws }: Context): string =>
  `${textOf(smithy?.features)};${textOf(aws?.features)}`;

/** Calls of a client differ in two or three features at most. */
const MOST_KINDS = 20;

/**
 * In place of the SDK's middleware that writes the user agent: it escapes a dozen texts with regular expressions for each
 * call, and the result is the same for all calls of a client with the same credentials and features. The SDK's own writes
 * the first of each kind, and every one that somebody has added to. (docs/adr/0046)
 */
export function quickUserAgent(): Record<string, (own: Middleware) => Middleware> {
  /** By the features that a call had before its agent was written, with these credentials. */
  const known = new Map<string, Headers>();
  let knownFor: object | undefined;

  function keyOf(context: Context, request: unknown): string | undefined {
    const identity = context.__smithy_context?.selectedHttpAuthScheme?.identity;
    if (!identity || context.userAgent?.length || !HttpRequest.isInstance(request)) return undefined;
    const { headers } = request;
    if (headers['user-agent'] !== undefined || headers['x-amz-user-agent'] !== undefined) return undefined;
    if (identity !== knownFor || known.size >= MOST_KINDS) known.clear();
    knownFor = identity;
    return featuresOf(context);
  }

  return {
    getUserAgentMiddleware: own => (next, given) => args => {
      const key = keyOf(given as Context, args.request);
      const headers = key === undefined ? undefined : known.get(key);
      if (headers) {
        Object.assign((args.request as { headers: Headers }).headers, headers);
        return next(args);
      }
      const remember: Next = written => {
        if (key !== undefined) known.set(key, agentOf((written.request as { headers: Headers }).headers));
        return next(written);
      };
      return own(remember, given)(args);
    },
  };
}

function agentOf({ 'user-agent': agent, 'x-amz-user-agent': amzAgent }: Headers): Headers {
  return {
    ...(amzAgent !== undefined && { 'x-amz-user-agent': amzAgent }),
    ...(agent !== undefined && { 'user-agent': agent }),
  };
}
