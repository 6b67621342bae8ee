import { messageBytes } from './message-size.js';

describe('messageBytes', () => {
  it('counts UTF-8 bytes, not characters', () => {
    expect(messageBytes('🙈é', {})).toBe(6);
  });

  it('counts names, types and values of attributes', () => {
    const attributes = {
      type: { DataType: 'String', StringValue: 'é' },
      raw: { DataType: 'Binary', BinaryValue: Buffer.from([1, 2, 3]) },
    };
    expect(messageBytes('', attributes)).toBe(4 + 6 + 2 + 3 + 6 + 3);
  });
});
