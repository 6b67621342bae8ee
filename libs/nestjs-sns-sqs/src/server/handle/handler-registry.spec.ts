import type { MessageHandler } from '@nestjs/microservices';
import { HandlerRegistry } from './handler-registry.js';

const handler = (): MessageHandler => () => Promise.resolve();
const entry = (pattern: string, queue = 'q', subscribed = true) => ({ pattern, queue, subscribed, handler: handler() });

describe('HandlerRegistry', () => {
  it("finds a queue's own handler of an event that many queues take", () => {
    const [mail, audit] = [entry('user.registered', 'mail'), entry('user.registered', 'audit')];
    const registry = new HandlerRegistry([mail, audit]);
    expect(registry.find('mail', 'user.registered')).toBe(mail.handler);
    expect(registry.find('audit', 'user.registered')).toBe(audit.handler);
    expect(registry.queues).toEqual(['mail', 'audit']);
  });

  it('finds nothing for another type or an unknown queue', () => {
    const registry = new HandlerRegistry([entry('a')]);
    expect(registry.find('q', 'b')).toBeUndefined();
    expect(registry.find('r', 'a')).toBeUndefined();
  });

  it('takes the exact pattern before wildcards, and of these the one with the most letters', () => {
    const [all, wide, narrow, exact] = [
      entry('*'),
      entry('user.*'),
      entry('user.address.*'),
      entry('user.address.new'),
    ];
    const registry = new HandlerRegistry([all, wide, narrow, exact]);
    const found = (type: string) => registry.find('q', type);
    expect(found('user.address.new')).toBe(exact.handler);
    expect(found('user.address.gone')).toBe(narrow.handler);
    expect(found('user.gone')).toBe(wide.handler);
    expect(found('order.new')).toBe(all.handler);
  });

  it('names the pattern that the app declares, not the type that a message has', () => {
    const registry = new HandlerRegistry([entry('user.*'), entry('user.registered')]);
    const named = ['user.registered', 'user.made-up-by-a-message', 'order.new'].map(type =>
      registry.patternOf('q', type),
    );
    expect(named).toEqual(['user.registered', 'user.*', undefined]);
    expect(registry.patternOf('r', 'user.registered')).toBeUndefined();
  });

  it('does not take a name that every object has for a type', () => {
    expect(new HandlerRegistry([entry('a')]).find('q', 'constructor')).toBeUndefined();
  });

  it('refuses two handlers of one queue and pattern, naming all of them', () => {
    expect(() => new HandlerRegistry([entry('a'), entry('a'), entry('b', 'r'), entry('b', 'r'), entry('c')])).toThrow(
      expect.objectContaining({
        code: 'DUPLICATE_HANDLER',
        facts: { duplicates: ['a on q', 'b on r'] },
      }) as Error,
    );
  });

  it('knows the queues whose filter SNS cannot express', () => {
    const registry = new HandlerRegistry([
      entry('user.*.failed', 'loose'),
      entry('user.*', 'exact'),
      entry('user.*.failed', 'commands', false),
    ]);
    expect(['loose', 'exact', 'commands'].map(queue => registry.isLooselyFiltered(queue))).toEqual([
      true,
      false,
      false,
    ]);
  });
});
