import { prepare } from '../client/publish/outgoing-event.js';
import { SnsRecordBuilder } from '../record-builders/sns-record.builder.js';
import { handledEvent, inConversation } from './conversation.js';

const topic = { source: 'users', fifo: false, name: 'users-domain-events' };
const handled = { id: 'e-1', source: 'shop', type: 'ordered' };
const emitted = (input: unknown, options = {}) => prepare('user.registered', input, topic, options).metadata;

describe('what a handler emits', () => {
  it('has the id of what it handles as its cause, and begins a conversation by it', () => {
    expect(inConversation(handled, emitted, 1)).toMatchObject({ correlationId: 'e-1', causationId: 'e-1' });
  });

  it('goes on with the conversation of what it handles, however late it is emitted', async () => {
    const metadata = await inConversation({ ...handled, correlationId: 'c-1' }, async () => {
      await new Promise(resolve => setImmediate(resolve));
      return emitted(1);
    });
    expect(metadata).toMatchObject({ correlationId: 'c-1', causationId: 'e-1' });
  });

  it('has what its record says, where that says something', () => {
    const record = new SnsRecordBuilder(1).setCorrelationId('own').build();
    expect(inConversation(handled, emitted, record)).toMatchObject({ correlationId: 'own', causationId: 'e-1' });
  });

  it('is in no conversation where the client does not want it, and outside of handlers', () => {
    for (const metadata of [inConversation(handled, emitted, 1, { conversation: false }), emitted(1)]) {
      expect(metadata).not.toHaveProperty('correlationId');
      expect(metadata).not.toHaveProperty('causationId');
    }
    expect(handledEvent()).toBeUndefined();
  });
});
