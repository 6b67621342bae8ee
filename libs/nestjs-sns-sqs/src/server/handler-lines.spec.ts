import { handlerLines, type NamedHandler } from './handler-lines.js';

const handler = (pattern: string, queue: string, topic?: string, isEventHandler = true): NamedHandler => ({
  pattern,
  queue,
  handler: { isEventHandler },
  extras: topic === undefined ? {} : { topic },
});

describe('handlerLines', () => {
  it('says for each handler on which topic and queue it listens', () => {
    expect(
      handlerLines(
        [
          handler('user.registered', 'dev-a', 'users-domain-events'),
          handler('order.placed', 'dev-b', 'orders-domain-events'),
          handler('sum', 'dev-math-async-commands.fifo', undefined, false),
        ],
        'dev-',
      ),
    ).toEqual([
      'Handles the event "user.registered" of the topic dev-users-domain-events, queue dev-a.',
      'Handles the event "order.placed" of the topic dev-orders-domain-events, queue dev-b.',
      'Handles the request "sum", queue dev-math-async-commands.fifo, no topic.',
    ]);
  });

  it('says once that events of a topic do not reach a plain @EventPattern', () => {
    const commands = [
      handler('user.registered', 'users-async-commands.fifo'),
      handler('b', 'users-async-commands.fifo'),
    ];
    expect(handlerLines(commands, '')).toEqual([
      'Handles the command "user.registered", queue users-async-commands.fifo, no topic.',
      'Handles the command "b", queue users-async-commands.fifo, no topic.',
      expect.stringMatching(/^Handlers without a topic .*@EventPattern without extras.* do not reach them\./),
    ]);
  });

  it('keeps a pattern from another service on its line', () => {
    expect(handlerLines([handler('a\nb', 'q', 't')], '')).toEqual([
      'Handles the event "a\\nb" of the topic t, queue q.',
    ]);
  });
});
