import { BadRequestException } from '@nestjs/common';
import { DeadLetter } from '../../errors/handler-outcomes.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { reportError } from './error-report.js';

describe('reportError', () => {
  it('gives message and class of an error', () => {
    expect(reportError(new TypeError('x is no function'))).toEqual({ reason: 'x is no function', name: 'TypeError' });
  });

  it('gives the class for a reason when an error has no message', () => {
    expect(reportError(new RangeError())).toEqual({ reason: 'RangeError', name: 'RangeError' });
  });

  it('gives the code of our own errors', () => {
    expect(reportError(new SnsSqsError('NO_HANDLER', 'nobody')).name).toBe('NO_HANDLER');
  });

  it("keeps a validation pipe's list", () => {
    const { details } = reportError(new BadRequestException(['email must be an email', 'name must be a string']));
    expect(JSON.parse(details ?? '')).toMatchObject({ message: ['email must be an email', 'name must be a string'] });
  });

  it('tells what made a handler give a message up', () => {
    const error = new DeadLetter('the address is refused', { cause: new Error('550 no such user') });
    expect(reportError(error)).toEqual({
      reason: 'the address is refused',
      name: 'DeadLetter',
      details: '{"cause":"550 no such user"}',
    });
  });

  it('has no details of a DeadLetter without a cause', () => {
    expect(reportError(new DeadLetter('no'))).not.toHaveProperty('details');
  });

  it.each([
    ['a string', 'plain text', 'plain text', 'string'],
    ['nothing', undefined, 'undefined', 'undefined'],
    ['null', null, 'null', 'object'],
    ['an object with a message', { status: 'error', message: 'no' }, 'no', 'object'],
    ['another object', { code: 7 }, '{"code":7}', 'object'],
    [
      'a circle',
      Object.assign([], {
        toJSON: () => {
          throw new Error('circle');
        },
      }),
      'unknown error',
      'object',
    ],
  ])('takes %s that was thrown', (_, thrown, reason, name) => {
    expect(reportError(thrown)).toEqual({ reason, name });
  });

  it('stays one line of what SQS accepts', () => {
    expect(reportError(new Error('first\nsecond\u0000\uFFFF')).reason).toBe('first second  ');
  });
});
