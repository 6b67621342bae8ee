import { AsyncLocalStorage } from 'node:async_hooks';
import { DeliveryContexts } from './delivery-contexts.js';

describe('DeliveryContexts', () => {
  const als = new AsyncLocalStorage<string>();
  /** As a guard of nestjs-cls: what it finds, and what it leaves. */
  const enter = (name: string): string | undefined => {
    const found = als.getStore();
    if (found === undefined) als.enterWith(name);
    return found;
  };

  it('what one delivery enters, the next of the same turn does not see', () => {
    const contexts = new DeliveryContexts();
    expect(['a', 'b', 'c'].map(name => contexts.run(enter, name))).toEqual([undefined, undefined, undefined]);
    expect(als.getStore()).toBeUndefined();
  });

  it('nor one that it caused to run, by a timer or promise of its own', async () => {
    const contexts = new DeliveryContexts();
    const caused = contexts.run(async name => {
      enter(name);
      await Promise.resolve();
      expect(als.getStore()).toBe(name);
      return contexts.run(enter, 'b');
    }, 'a');
    expect(await caused).toBeUndefined();
  });

  it('each begins with the context of the start', () => {
    const contexts = als.run('start', () => new DeliveryContexts());
    expect(contexts.run(enter, 'a')).toBe('start');
  });
});
