import { CloudEvent, HTTP } from 'cloudevents';
import { decodeBody } from './decode.js';
import { toBody, toCloudEvent } from './encode.js';

const HEADERS = { 'content-type': 'application/cloudevents+json' };

const envelope = {
  metadata: {
    id: 'event-1',
    source: 'users',
    type: 'user.registered',
    time: '2026-01-02T03:04:05.678Z',
    subject: 'user-1',
    sequence: '7',
    correlationId: 'c-1',
    causationId: 'd-1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  },
  data: { email: 'ada@example.com', tags: ['🙈', null] },
};

describe("the CloudEvents project's own SDK", () => {
  it('accepts what we write', () => {
    const event = HTTP.toEvent({ headers: HEADERS, body: toBody('t', toCloudEvent(envelope)) }) as CloudEvent;
    expect(event.validate()).toBe(true);
    expect(event.toJSON()).toMatchObject({
      id: 'event-1',
      type: 'user.registered',
      subject: 'user-1',
      sequence: '7',
      correlationid: 'c-1',
      data: envelope.data,
    });
  });

  it("accepts Nest's packet metadata beside it", () => {
    const body = toBody('t', toCloudEvent(envelope, { tenant: 'acme', 'x-request-id': '1' }));
    const event = HTTP.toEvent({ headers: HEADERS, body }) as CloudEvent;
    expect(event.validate()).toBe(true);
    expect(event['nestmetadata']).toBe('{"tenant":"acme","x-request-id":"1"}');
  });

  it('writes what we accept', () => {
    const { data } = envelope;
    const { id, source, type, time, subject, sequence } = envelope.metadata;
    const { body } = HTTP.structured(new CloudEvent({ id, source, type, time, subject, sequence, data }));
    expect(decodeBody(body as string)).toEqual({
      metadata: { id, source, type, time, subject, sequence },
      data,
    });
  });
});
