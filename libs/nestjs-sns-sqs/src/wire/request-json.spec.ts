import { quoted, requestJson } from './request-json.js';

const LONG = 'x'.repeat(10_000);
const body = (data: unknown): string => JSON.stringify({ specversion: '1.0', id: 'ü-1', data });

describe('requestJson', () => {
  it.each([
    ['nothing', {}],
    ['a receive', { QueueUrl: 'u', MaxNumberOfMessages: 10 }],
    ['no entries', { QueueUrl: 'u', Entries: [] }],
    ['null for entries', { QueueUrl: 'u', Entries: null as unknown as [] }],
    ['entries without bodies', { QueueUrl: 'u', Entries: [{ Id: '0', ReceiptHandle: LONG }] }],
    ['small bodies', { QueueUrl: 'u', Entries: [{ Id: '0', MessageBody: body(1) }] }],
    ['a large body alone', { Entries: [{ MessageBody: body(LONG) }] }],
    ['a large body without an id', { QueueUrl: 'u', Entries: [{ MessageBody: body(LONG) }] }],
    [
      'large bodies among small ones',
      {
        QueueUrl: 'u"',
        Entries: [
          { Id: '0', MessageBody: body('small') },
          { Id: '1', MessageBody: body(LONG), MessageAttributes: { type: { StringValue: 'a"b' } } },
          { Id: '2', MessageBody: undefined, DelaySeconds: 3 },
          { MessageBody: body([LONG, LONG]), MessageGroupId: 'g' },
        ],
      },
    ],
  ])('writes what JSON.stringify writes: %s', (_, input) => {
    expect(JSON.parse(requestJson(input))).toEqual(JSON.parse(JSON.stringify(input)));
  });
});

describe('quoted', () => {
  it.each([
    ['a long text', body(LONG)],
    ['two-byte characters', body(`${LONG}ü€🙈 `)],
    ['quotes at both ends', `"${LONG}"`],
    ['backslashes at both ends', `\\${LONG}\\`],
    ['backslashes before quotes', `${LONG}\\"\\\\"${LONG}"\\`],
    ['backslashes alone', `${LONG}\\\\${LONG}`],
    ['nothing to escape', LONG],
    ['more to escape than not', body({ '"': '\\"'.repeat(10_000) })],
    ['much to escape at its end', `${LONG}${'"'.repeat(1_000)}`],
    ['a line end', `${LONG}\n`],
    ['a carriage return', `${LONG}\r`],
    ['a tab', `\t${LONG}`],
    ['half of a surrogate pair', `${LONG}\uD83D`],
    ['line separators', `${LONG}\u2028\u2029\u007f`],
    ['an empty text', ''],
  ])('writes what JSON.stringify writes: %s', (_, text) => {
    expect(quoted(text)).toBe(JSON.stringify(text));
  });

  it('writes what JSON.stringify writes, for any text that a message may have', () => {
    const characters = ['"', '\\', 'a', 'ü', '€', '🙈', '\n', '\t', '\r', ' ', '{', '\uD800'];
    let state = 7;
    const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 300; round += 1) {
      let text = '';
      for (let parts = random(8); parts >= 0; parts -= 1) {
        text += `${'x'.repeat(random(600))}${characters[random(characters.length)]}`;
      }
      expect(quoted(text)).toBe(JSON.stringify(text));
    }
  });
});
