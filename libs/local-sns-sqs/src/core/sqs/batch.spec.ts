import { AwsError } from '../errors.js';
import type { Input } from '../input.js';
import { readBatch, runBatch } from './batch.js';

const read = (Entries: unknown) => (): unknown => readBatch({ Entries }, 'SendMessageBatchRequestEntry');
const entries = (...ids: string[]): Input[] => ids.map(Id => ({ Id }));
const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('readBatch (SendMessageBatch API, quotas-messages)', () => {
  it('takes one to ten entries with distinct ids', () => {
    const ids = Array.from({ length: 10 }, (_, index) => `entry_${index}-A`);
    expect(readBatch({ Entries: entries(...ids) }, 'E').map(({ id }) => id)).toEqual(ids);
    expect(read(entries('x'.repeat(80)))).not.toThrow();
  });

  it.each([
    ['EmptyBatchRequest', []],
    ['EmptyBatchRequest', undefined],
    ['TooManyEntriesInBatchRequest', entries(...Array.from({ length: 11 }, (_, index) => `${index}`))],
    ['BatchEntryIdsNotDistinct', entries('a', 'b', 'a')],
    ['InvalidBatchEntryId', entries('a.b')],
    ['InvalidBatchEntryId', entries('')],
    ['InvalidBatchEntryId', entries('x'.repeat(81))],
    ['MissingParameter', [{}]],
    ['SerializationException', ['a']],
    ['SerializationException', 'a'],
  ])('refuses as %s: %j', (code, given) => {
    expect(read(given)).toThrow(refusal(code));
  });

  it('has the older names of these errors, which some SDKs show', () => {
    expect(read([])).toThrow(expect.objectContaining({ queryCode: 'AWS.SimpleQueueService.EmptyBatchRequest' }));
  });
});

describe('runBatch (SendMessageBatch API)', () => {
  const run = (id: string) => ({ id });

  it('tells each success and each failure under its id', () => {
    const result = runBatch([run('a'), run('b')], ({ id }) => {
      if (id === 'b') throw new AwsError('InternalError', 'ours', { senderFault: false });
      return { MessageId: 'm' };
    });
    expect(result).toEqual({
      Successful: [{ Id: 'a', MessageId: 'm' }],
      Failed: [{ Id: 'b', SenderFault: false, Code: 'InternalError', Message: 'ours' }],
    });
  });

  it('leaves out an empty list, as AWS does', () => {
    expect(runBatch([run('a')], () => ({}))).toEqual({ Successful: [{ Id: 'a' }] });
  });

  it.each([new TypeError('a fault of our own'), new AwsError('SerializationException', 'no JSON for this')])(
    'fails as a whole on %s',
    error => {
      const fail = (): never => {
        throw error;
      };
      expect(() => runBatch([run('a')], fail)).toThrow(error);
    },
  );
});
