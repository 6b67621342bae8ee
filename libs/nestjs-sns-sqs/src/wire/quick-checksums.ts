import type { SendMessageBatchRequest, SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import type { SqsMessage } from '../interfaces/wire.interface.js';
import { assertBodiesIntact, assertSentIntact, md5Of, type SentEntry } from './lean/md5.js';
import { QuickMd5 } from './quick-hashes.js';
import type { Middleware } from './quick-protocol.js';

const idAndBody = ({ Id = '', MessageBody = '' }: SendMessageBatchRequestEntry) => ({ id: Id, body: MessageBody });

/**
 * In place of the SDK's middlewares that compare MD5 sums of bodies, where no user gave a hash: without a promise and a
 * copy of the body for each message. The same sums, and the same error. (docs/adr/0046)
 */
export function quickChecksums(config: object): Record<string, (own: Middleware) => Middleware> {
  const { md5 } = config as { md5?: unknown };
  if (md5 !== QuickMd5) return {};
  return {
    sendMessageBatchMiddleware: () => next => async args => {
      const { Entries = [] } = args.input as Partial<SendMessageBatchRequest>;
      const sums = Entries.map(({ MessageBody = '' }) => md5Of(MessageBody));
      const result = await next({ ...args });
      const { Successful } = result.output as { Successful?: SentEntry[] };
      assertSentIntact(Entries, sums, Successful ?? [], idAndBody);
      return result;
    },
    receiveMessageMiddleware: () => next => async args => {
      const result = await next({ ...args });
      const { Messages } = result.output as { Messages?: SqsMessage[] };
      const checking = assertBodiesIntact(Messages ?? []);
      if (checking) await checking;
      return result;
    },
  };
}
