import {
  BadRequestException,
  HttpException,
  NotFoundException,
  ParseIntPipe,
  UnprocessableEntityException,
  ValidationPipe,
} from '@nestjs/common';
import { IsInt } from 'class-validator';
import { isValidationRefusal } from './validation-refusal.js';

class Order {
  @IsInt()
  amount!: number;
}

async function refusedBy(pipe: ValidationPipe): Promise<unknown> {
  try {
    return await pipe.transform({ amount: 'many' }, { type: 'body', metatype: Order });
  } catch (error) {
    return error;
  }
}

describe('isValidationRefusal', () => {
  it('knows what a ValidationPipe throws, with either of its usual statuses', async () => {
    expect(isValidationRefusal(await refusedBy(new ValidationPipe()))).toBe(true);
    expect(isValidationRefusal(await refusedBy(new ValidationPipe({ errorHttpStatusCode: 422 })))).toBe(true);
    expect(isValidationRefusal(new UnprocessableEntityException(['amount must be an integer']))).toBe(true);
  });

  it('knows it of another copy of Nest', () => {
    const foreign = { getStatus: () => 400, getResponse: () => ({ message: ['no'] }) };
    expect(isValidationRefusal(foreign)).toBe(true);
  });

  it.each([
    ['a bad request with one text', new BadRequestException('the account is closed')],
    ['not found', new NotFoundException(['a', 'b'])],
    ['a server error', new HttpException({ message: ['a'] }, 503)],
    ['a plain error', new Error('no')],
    ['nothing', undefined],
    ['a text', 'no'],
    ['a response without a body', { getStatus: () => 400, getResponse: () => null }],
  ])('does not take %s for one', (_, error) => {
    expect(isValidationRefusal(error)).toBe(false);
  });

  it('leaves a pipe with a text of its own to `isPermanent`', async () => {
    const error: unknown = await new ParseIntPipe().transform('x', { type: 'body' }).catch((thrown: unknown) => thrown);
    expect(isValidationRefusal(error)).toBe(false);
  });
});
