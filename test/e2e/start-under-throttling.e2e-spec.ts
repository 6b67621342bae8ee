import { notifications } from '../support/notifications.js';
import { awsError } from '../support/spied-clients.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

describe('a start in a bad quarter of an hour', () => {
  const here = world();
  let service = notifications();

  beforeEach(() => {
    service = notifications();
  });

  it('succeeds though every third call is throttled, five times of five', async () => {
    for (let start = 0; start < 5; start += 1) {
      let calls = start;
      const { sqs, sns } = here.spied(() =>
        (calls += 1) % 3 === 0 ? awsError('ThrottlingException', 'Rate exceeded', 400) : undefined,
      );
      const { app } = await here.start([service.controller], { sqs, sns });
      await here.events().emit('user.registered', {});
      await waitFor('the event to be handled', () => service.handled === start + 1);
      await app.close();
    }
    expect(here.logs.with(/ThrottlingException.*It is tried again, with backoff/, 'warn')).not.toEqual([]);
  });

  it('waits for a queue that was made a moment ago and is not known everywhere', async () => {
    const unknown = new Map<string, number>();
    const { sqs, sns } = here.spied(({ operation, input }) => {
      const { QueueName, QueueUrl } = input as { QueueName?: string; QueueUrl?: string };
      if (operation === 'CreateQueue' && QueueName) unknown.set(QueueName, performance.now() + 1_000);
      const name = QueueUrl?.split('/').at(-1) ?? '';
      const isUnknown = (unknown.get(name) ?? 0) > performance.now();
      return isUnknown ? awsError('QueueDoesNotExist', 'The specified queue does not exist.', 400) : undefined;
    });
    await here.start([service.controller], { sqs, sns });
    await here.events().emit('user.registered', {});
    await waitFor('the event to be handled', () => service.handled === 1);
  });

  it('fails with the last error when startTimeoutMs is over', async () => {
    const { sqs, sns } = here.spied(() => awsError('ThrottlingException', 'Rate exceeded', 400));
    await expect(here.start([service.controller], { sqs, sns, startTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'THROTTLED',
    });
  });
});
