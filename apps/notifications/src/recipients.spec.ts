import { Recipients } from './recipients.js';

describe('Recipients', () => {
  let recipients: Recipients;

  beforeEach(() => {
    recipients = new Recipients();
  });

  it('knows where a user was last', () => {
    recipients.set('ada', 'old@example.com', 1);
    recipients.set('ada', 'new@example.com', 2);
    expect(recipients.addressOf('ada')).toBe('new@example.com');
    expect(recipients.addressOf('bob')).toBeUndefined();
  });

  it('is not misled by an event that comes late or twice', () => {
    recipients.set('ada', 'new@example.com', 2);
    recipients.set('ada', 'old@example.com', 1);
    expect(recipients.addressOf('ada')).toBe('new@example.com');
  });

  it('does not learn again whom it has forgotten', () => {
    recipients.forget('ada', 3);
    recipients.set('ada', 'old@example.com', 1);
    expect(recipients.addressOf('ada')).toBeUndefined();
  });

  it('remembers who wants no more mail', () => {
    recipients.cancel('ada');
    expect([recipients.isCancelled('ada'), recipients.isCancelled('bob')]).toEqual([true, false]);
  });
});
