import { prepare } from '../client/publish/outgoing-event.js';
import { PublishRecord } from '../record-builders/record.js';
import { decodeBody } from './decode.js';
import { toBody, toCloudEvent } from './encode.js';
import { EVENT_ATTRIBUTES, type EventFields } from './event-attributes.js';

const everything = Object.fromEntries(Object.keys(EVENT_ATTRIBUTES).map(name => [name, `1 ${name}`])) as EventFields;

const sent = (options: EventFields) =>
  prepare('user.registered', new PublishRecord('data', options), { source: 'users', fifo: false, name: 'topic' }, {});

describe('what an event says about itself', () => {
  it('travels from the record to the reader, every row of the table', () => {
    const event = sent(everything);

    const received = decodeBody(toBody('user.registered', toCloudEvent(event)));

    expect(received.metadata).toEqual(event.metadata);
    expect(received.metadata).toMatchObject(everything);
  });

  it('is written by the names of the table, as CloudEvents allows them: lower case letters and digits', () => {
    const document = toCloudEvent(sent(everything));

    for (const [field, attribute] of Object.entries(EVENT_ATTRIBUTES)) {
      expect(attribute).toMatch(/^[a-z\d]{1,20}$/);
      expect(document).toHaveProperty(attribute, `1 ${field}`);
    }
  });

  it('leaves no trace where it is not set', () => {
    const { metadata } = decodeBody(toBody('user.registered', toCloudEvent(sent({}))));

    expect(Object.keys(metadata).toSorted()).toEqual(['id', 'source', 'time', 'type']);
  });
});
