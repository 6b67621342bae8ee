import { concatMap, isObservable } from 'rxjs';
import { validate, valueOf } from './validate.js';

/**
 * What a handler answers, each item checked by the schema of its contract, and given on as it is: what the schema
 * transforms, it transforms for the caller. Rejects, or errors, with CONTRACT_VIOLATION.
 */
export async function fittingAnswer(answer: unknown, schema: unknown, type: string): Promise<unknown> {
  const check = async (item: unknown): Promise<unknown> => {
    valueOf(`The reply to ${JSON.stringify(type)}`, await validate(schema, item));
    return item;
  };
  const result: unknown = await answer;
  return isObservable(result) ? result.pipe(concatMap(check)) : check(result);
}
