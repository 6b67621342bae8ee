import { routeOf } from './pattern-route.js';

describe('routeOf', () => {
  it.each([
    ['user.registered', 'user.registered'],
    [42, '42'],
    [{ cmd: 'sum' }, '{"cmd":"sum"}'],
    ['', ''],
  ])('leaves the route of %j to Nest', (pattern, route) => expect(routeOf(pattern, route)).toBe(route));

  it.each<[string, unknown, unknown, RegExp]>([
    ['a regular expression', /user\..*/, '{}', /\/user\\\.\.\*\/ of a handler is a regular expression/],
    ['an object without a key', {}, '{}', /`\*`/],
    ['undefined', undefined, undefined, /not a string, a number, or an object/],
    ['null', null, null, /The pattern null/],
  ])('refuses %s', (_, pattern, route, why) => {
    expect(() => routeOf(pattern as string, route as string)).toThrow(
      expect.objectContaining({ code: 'INVALID_HANDLER', message: expect.stringMatching(why) as string }) as Error,
    );
  });
});
