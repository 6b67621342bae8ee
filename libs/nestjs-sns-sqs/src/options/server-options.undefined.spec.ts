import { SQS_DEFAULT_BACKOFF } from '../constants.js';
import { consumerSettings } from './server-options.js';

describe('consumerSettings', () => {
  it.each(['initialSeconds', 'factor', 'maxSeconds'] as const)(
    'takes the default for a backoff.%s that is undefined, as for every other option',
    name => {
      expect(consumerSettings({ consumer: { backoff: { [name]: undefined } } }, 'q').backoff).toEqual(
        SQS_DEFAULT_BACKOFF,
      );
    },
  );

  it('takes what holds for every queue where a queue says undefined', () => {
    const options = { consumer: { backoff: { factor: 3 } }, queues: { q: { backoff: { factor: undefined } } } };
    expect(consumerSettings(options, 'q').backoff.factor).toBe(3);
  });
});
