import { lastValueFrom, of, toArray, type Observable } from 'rxjs';
import { z } from 'zod';
import { fittingAnswer } from './fitting-answer.js';

const schema = z.string().transform(text => text.length);
const items = async (answer: unknown): Promise<unknown> =>
  lastValueFrom(((await answer) as Observable<unknown>).pipe(toArray()));

describe('fittingAnswer', () => {
  it('gives on what fits as it is: the caller transforms', async () => {
    expect(await fittingAnswer('six', schema, 'sum')).toBe('six');
    expect(await fittingAnswer(Promise.resolve('six'), schema, 'sum')).toBe('six');
    expect(await items(fittingAnswer(of('a', 'b'), schema, 'sum'))).toEqual(['a', 'b']);
    expect(await items(fittingAnswer(Promise.resolve(of('a')), schema, 'sum'))).toEqual(['a']);
  });

  it('rejects what does not, an item of a stream too', async () => {
    const violates = { code: 'CONTRACT_VIOLATION', message: expect.stringContaining('The reply to "sum"') as string };
    await expect(fittingAnswer(6, schema, 'sum')).rejects.toMatchObject(violates);
    await expect(fittingAnswer(undefined, schema, 'sum')).rejects.toMatchObject(violates);
    await expect(items(fittingAnswer(of('a', 6), schema, 'sum'))).rejects.toMatchObject(violates);
  });

  it('leaves an error of the handler as it is', async () => {
    const error = new Error('no');
    await expect(fittingAnswer(Promise.reject(error), schema, 'sum')).rejects.toBe(error);
  });
});
