import { jest } from '@jest/globals';
import { firstValueFrom, lastValueFrom, of, toArray, type Observable } from 'rxjs';
import { z } from 'zod';
import { SqsRecordBuilder } from '../record-builders/sqs-record.builder.js';
import { typed } from './shapes.js';
import { typedSender } from './typed-sender.js';

const shapes = {
  day: { request: z.object({ n: z.number() }), reply: z.string().transform(text => new Date(text)) },
  free: { request: typed<string>(), reply: typed<number>() },
};

function senderTo(...answers: unknown[]) {
  const send = jest.fn<(pattern: string, data: unknown) => Observable<unknown>>(() => of(...answers));
  return { send, sender: typedSender({ send }, shapes) };
}

describe('typedSender', () => {
  it('sends the data as it is, and gives each item of the reply as its schema does', async () => {
    const { send, sender } = senderTo('2026-01-01', '2026-01-02');
    const record = new SqsRecordBuilder({ n: 1 }).setGroupId('g').build();
    const days = await lastValueFrom(sender.send('day', record).pipe(toArray()));
    expect(days).toEqual([new Date('2026-01-01'), new Date('2026-01-02')]);
    expect(send.mock.calls).toEqual([['day', record]]);
  });

  it('sends nothing that does not fit', async () => {
    const { send, sender } = senderTo('2026-01-01');
    const bad = { n: 'one' } as unknown as { n: number };
    await expect(firstValueFrom(sender.send('day', bad))).rejects.toMatchObject({
      code: 'CONTRACT_VIOLATION',
      facts: { issues: [{ path: 'n' }] },
    });
    expect(send).not.toHaveBeenCalled();
  });

  it('errors for a reply that does not fit, after those that did', async () => {
    const seen: unknown[] = [];
    const { sender } = senderTo('2026-01-01', 7, '2026-01-03');
    const error = await new Promise(reject =>
      sender.send('day', { n: 1 }).subscribe({ next: day => seen.push(day), error: reject }),
    );
    expect(error).toMatchObject({ code: 'CONTRACT_VIOLATION', message: expect.stringContaining('reply') as string });
    expect(seen).toEqual([new Date('2026-01-01')]);
  });

  it('sends at each subscription, and not before', async () => {
    const { send, sender } = senderTo(1);
    const request = sender.send('free', 'x');
    expect(send).not.toHaveBeenCalled();
    expect([await lastValueFrom(request), await lastValueFrom(request)]).toEqual([1, 1]);
    expect(send).toHaveBeenCalledTimes(2);
  });
});
