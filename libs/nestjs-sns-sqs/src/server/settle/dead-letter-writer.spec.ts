import { jest } from '@jest/globals';
import { messageBytes } from '../../envelope/message-size.js';
import type { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { BatchResult, OutgoingSqsMessage } from '../../interfaces/wire.interface.js';
import { Delivery } from '../delivery.js';
import { DeadLetterWriter } from './dead-letter-writer.js';

type Answer = (entries: readonly OutgoingSqsMessage[]) => BatchResult;

const accepted: Answer = entries => ({ successful: entries.map(({ id }) => ({ id })), failed: [] });
const refused =
  (code: string, message: string): Answer =>
  entries => ({ successful: [], failed: entries.map(({ id }) => ({ id, code, message, senderFault: true })) });

function writerTo(answer: Answer) {
  const letters: OutgoingSqsMessage[] = [];
  let now = answer;
  const onRefused = jest.fn<(error: SnsSqsError) => void>();
  const onAccepted = jest.fn();
  const writer = new DeadLetterWriter({
    queue: { name: 'q', url: 'url', deadLetterQueueUrl: 'dlq', fifo: false },
    wire: {
      sendBatch: (_, entries) => {
        letters.push(...entries);
        return Promise.resolve(now(entries));
      },
    },
    batching: { lingerMs: 0, maxAttempts: 1, retryDelayMs: 0, random: () => 0 },
    logger: { error: jest.fn() },
    onRefused,
    onAccepted,
  });
  return { writer, letters, onRefused, onAccepted, become: (next: Answer) => void (now = next) };
}

const delivery = (body = '{}') => new Delivery({ MessageId: 'm', ReceiptHandle: 'h', Body: body }, 0, 0);
const error = Object.assign(new Error('broken'), { name: 'Broken' });

describe('DeadLetterWriter', () => {
  it('trims a copy that the queue finds too large without saying what it takes, down to the message itself', async () => {
    const limit = 200_000;
    const { writer, letters, onRefused } = writerTo(entries =>
      entries.some(({ body, attributes }) => body.length + JSON.stringify(attributes).length > limit)
        ? refused('InvalidParameterValue', 'the message is too long')(entries)
        : accepted(entries),
    );
    expect(await writer.write(delivery('x'.repeat(limit - 2)), error, 5)).toBe('accepted');
    expect(letters.map(({ attributes }) => Object.keys(attributes).length)).toEqual([7, 7, 0]);
    expect(onRefused).not.toHaveBeenCalled();
  });

  it.each([
    [
      'with the reason, where that fits',
      500,
      { 'deadletter.reason': /^the disk is full: x+$/, 'deadletter.attempts': /^5$/ },
    ],
    ['with the beginning of the reason', 930, { 'deadletter.reason': /^the disk is full: x+$/ }],
    ['with nothing beside the message', 1_010, {}],
  ])('trims a copy to what the queue says that it takes: %s', async (_, bodyBytes, left) => {
    const bytesOf = ({ body, attributes }: OutgoingSqsMessage): number => messageBytes(body, attributes);
    const { writer, letters } = writerTo(entries =>
      entries.some(entry => bytesOf(entry) > 1_024)
        ? refused(
            'InvalidParameterValue',
            'One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.',
          )(entries)
        : accepted(entries),
    );
    const long = new Error(`the disk is full: ${'x'.repeat(bodyBytes === 500 ? 200 : 2_000)}`);
    expect(await writer.write(delivery('x'.repeat(bodyBytes)), long, 5)).toBe('accepted');
    const attributes = Object.entries(letters.at(-1)?.attributes ?? {}).map(([name, value]) => [
      name,
      value.StringValue,
    ]);
    expect(Object.fromEntries(attributes)).toMatchObject(
      Object.fromEntries(Object.entries(left).map(([name, text]) => [name, expect.stringMatching(text)])),
    );
    expect(attributes.length > 0).toBe(Object.keys(left).length > 0);
  });

  it('says what a queue does not accept, and why, and that it accepts again', async () => {
    const { writer, onRefused, onAccepted, become } = writerTo(refused('AccessDenied', 'not you'));
    expect(await writer.write(delivery(), error, 5)).toBe('refused');
    expect(onRefused.mock.calls.map(([{ code, retryable }]) => [code, retryable])).toEqual([
      ['DEAD_LETTER_REFUSED', true],
    ]);
    expect(onRefused.mock.calls[0]?.[0].message).toMatch(/message m: AccessDenied: not you/);
    become(accepted);
    expect(await writer.write(delivery(), error, 5)).toBe('accepted');
    expect(await writer.write(delivery(), error, 5)).toBe('accepted');
    expect(onAccepted).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['KMS.ThrottlingException', 'You have exceeded the rate at which you may call KMS.', true],
    ['RequestThrottled', 'Rate exceeded', true],
    ['InternalFailure', 'A timeout was exceeded', false],
  ])(
    'keeps the reason on the letter where %s says that something else is exceeded',
    async (code, message, senderFault) => {
      const failed: Answer = entries => ({
        successful: [],
        failed: entries.map(({ id }) => ({ id, code, message, senderFault })),
      });
      const { writer, letters, become } = writerTo(failed);
      expect(await writer.write(delivery(), error, 5)).toBe('refused');
      expect(letters).toHaveLength(1);
      become(accepted);
      expect(await writer.write(delivery(), error, 5)).toBe('accepted');
      expect(letters.at(-1)?.attributes).toMatchObject({ 'deadletter.reason': { StringValue: 'broken' } });
    },
  );

  it('tries once what is refused for another reason than its size', async () => {
    const { writer, letters } = writerTo(refused('AccessDenied', 'not you'));
    await writer.write(delivery(), error, 5);
    expect(letters).toHaveLength(1);
  });
});
