import type { StandardSchemaV1 } from '@standard-schema/spec';
import { z } from 'zod';
import { validate, valueOf, violation } from './validate.js';

describe('validate', () => {
  it('lets everything through without a schema', () => {
    expect(validate(undefined, 1)).toEqual({ value: 1 });
    expect(validate({}, 1)).toEqual({ value: 1 });
  });

  it('gives what the schema makes of the data, at once where the schema is synchronous', () => {
    expect(validate(z.string().trim(), ' a ')).toEqual({ value: 'a' });
  });

  it('waits for a schema that is asynchronous', async () => {
    const slow = z.string().refine(text => Promise.resolve(text === 'a'));
    expect(await validate(slow, 'a')).toEqual({ value: 'a' });
    expect(await validate(slow, 'b')).toMatchObject({ issues: [{ path: '' }] });
  });

  it('tells where each issue is', () => {
    const user = z.object({ address: z.object({ lines: z.array(z.string()) }) });
    expect(validate(user, { address: { lines: ['a', 7] } })).toMatchObject({ issues: [{ path: 'address.lines.1' }] });
    const withSegments = {
      '~standard': { validate: () => ({ issues: [{ message: 'no', path: [{ key: 'a' }, 'b'] }] }) },
    } as unknown as StandardSchemaV1;
    expect(validate(withSegments, {})).toEqual({ issues: [{ path: 'a.b', message: 'no' }] });
  });
});

describe('valueOf', () => {
  it('gives the value, or throws what is wrong', () => {
    expect(valueOf('It', { value: 1 })).toBe(1);
    const issues = [
      { path: 'id', message: 'is no text' },
      { path: '', message: 'is too much' },
    ];
    const error = violation('It', issues);
    expect(error).toMatchObject({ code: 'CONTRACT_VIOLATION', retryable: false, facts: { issues } });
    expect(() => valueOf('It', { issues })).toThrow('It does not fit its contract: id: is no text; is too much');
  });

  it('waits for a promise of another library, which is no result', async () => {
    const lazy = (result: object): unknown =>
      Object.defineProperty({}, String('then'), { value: (resolve: (given: object) => void) => resolve(result) });
    const schema = (result: object) => ({ '~standard': { version: 1, vendor: 'x', validate: () => lazy(result) } });
    expect(await validate(schema({ issues: [{ message: 'no' }] }), 1)).toEqual({
      issues: [{ path: '', message: 'no' }],
    });
    expect(await validate(schema({ value: 2 }), 1)).toEqual({ value: 2 });
  });
});
