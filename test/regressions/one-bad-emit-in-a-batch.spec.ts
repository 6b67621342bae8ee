import { startLocalBroker, type LocalBroker } from 'local-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { ClientSNS } from '../../libs/nestjs-sns-sqs/src/client/client-sns.js';
import { SnsRecordBuilder } from '../../libs/nestjs-sns-sqs/src/record-builders/sns-record.builder.js';
import { awsOf } from '../support/endpoint.js';

/** SNS refuses the whole PublishBatch for an entry with an attribute that is unsound in itself. */
describe.each(['sdk', 'lean'] as const)('one bad emit among good ones, over the wire %s', wire => {
  let broker: LocalBroker;
  let client: ClientSNS;

  beforeEach(async () => {
    broker = await startLocalBroker();
    client = new ClientSNS({ service: 'users', aws: awsOf(broker.endpoint), wire, publish: { lingerMs: 50 } });
    await client.connect();
  });

  afterEach(async () => {
    await client.close();
    await broker.stop();
  });

  it('fails alone, and the others are published once', async () => {
    // The builder refuses it; a record that was made by hand, or changed later, is not looked at.
    const bad = new SnsRecordBuilder('bad').setAttribute('a', 'x').build();
    Object.assign(bad.options.attributes ?? {}, { a: { DataType: 'String', StringValue: '' } });
    const inputs = ['1', '2', bad, '3', '4'];
    const emits = inputs.map(input => lastValueFrom(client.emit('user.registered', input)));
    const results = await Promise.allSettled(emits);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    const { reason } = results[2] as PromiseRejectedResult;
    expect(reason).toMatchObject({ retryable: false });
    // The batch, and then each entry alone.
    expect(broker.inspect.calls()['sns.PublishBatch']).toBe(6);
  });
});
