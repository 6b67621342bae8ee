import { Controller } from '@nestjs/common';
import { DEAD_LETTER_ATTRIBUTES, DeadLetter, OnDomainEvent } from 'nestjs-sns-sqs';
import { awsError, spiedClients } from '../support/spied-clients.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'send-email-on-user-registered';
const DLQ = `${QUEUE}-dlq`;

describe('the copy to the dead letter queue', () => {
  const here = world();

  it.each([
    ['AWS is at fault', 'ServiceUnavailable', 503],
    ['the process may not send there', 'AccessDenied', 403],
  ])('fails because %s: the message is not deleted, and is moved once the copy succeeds', async (_, name, status) => {
    let attempts = 0;
    let broken = true;
    let refused = 0;
    @Controller()
    class SendEmail {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      handle(): void {
        attempts += 1;
        throw new DeadLetter('unknown template');
      }
    }
    const { sqs, sns, calls } = spiedClients(here.aws, ({ operation, input }) => {
      const isCopy = operation.startsWith('SendMessage') && String(input['QueueUrl']).endsWith(DLQ);
      if (!isCopy || !broken) return undefined;
      refused += 1;
      return awsError(name, 'the copy is refused', status);
    });
    here.onClose(() => {
      sqs.destroy();
      sns.destroy();
    });
    const { statuses } = await here.start([SendEmail], { sqs, sns });
    await here.events().emit('user.registered', { id: 1 });
    await waitFor('the first copy to be given up', () => here.logs.with('dead letter queue of', 'error').length > 0);
    const tries = refused;
    await waitFor('a second copy after the first was given up', () => refused > tries, 30_000);

    expect(refused).toBeGreaterThan(0);
    expect(calls.filter(({ operation }) => operation.startsWith('DeleteMessage'))).toEqual([]);
    expect(await here.queue(QUEUE).size()).toBe(1);
    expect(here.logs.with(/does not accept message .*is refused.*stays in/, 'error')).not.toEqual([]);

    broken = false;
    const letters = await here.queue(DLQ).take();
    await here.queue(QUEUE).untilEmpty();
    expect(letters).toHaveLength(1);
    expect(await here.queue(DLQ).size()).toBe(0);
    // Decided once: the handler is not run beyond its attempts, and the letter has the first reason.
    expect(attempts).toBe(1);
    expect(letters[0]?.attributes[DEAD_LETTER_ATTRIBUTES.reason]).toBe('unknown template');
    await waitFor('the recovery', () => statuses.at(-1) === 'polling');
    expect(statuses).toContain('reconnecting');
  });
});
