import { Door } from './door.js';

const door = (options: { hostname?: string; cors?: string[] } = {}) =>
  new Door({ hostname: options.hostname, cors: options.cors ?? [] });
const HOST = '127.0.0.1:4566';

describe('Door', () => {
  it.each([
    HOST,
    'localhost:4566',
    '[::1]:4566',
    '10.0.0.7:4566',
    'broker:4566',
    'host.docker.internal:4566',
    'broker.default.svc.cluster.local',
    'sqs.localhost',
    '',
  ])('lets a program in that calls the host %s', host => {
    expect(door().refusal({ host }, true)).toBeUndefined();
  });

  it.each(['evil.example:4566', 'evil.example', '127.0.0.1.evil.example:4566', 'localhost.evil.com'])(
    'keeps out who calls it %s, which may be a page that has its own name point here',
    host => {
      expect(door().refusal({ host }, true)).toMatch(/--hostname/);
      expect(door().refusal({ host }, false)).toMatch(/--hostname/);
    },
  );

  it('goes on to keep one out after another was let in', () => {
    const one = door();
    one.refusal({ host: HOST }, true);
    expect(one.refusal({ host: 'evil.example' }, true)).toMatch(/evil\.example/);
    expect(one.refusal({ host: HOST }, true)).toBeUndefined();
  });

  it('lets its own hostname in, whatever the port and case', () => {
    expect(
      door({ hostname: 'queues.example.com:80' }).refusal({ host: 'Queues.Example.com:4566' }, true),
    ).toBeUndefined();
  });

  it('keeps pages of other origins out, and its own page in', () => {
    expect(door().refusal({ host: HOST, origin: 'https://evil.example' }, true)).toMatch(
      /--cors https:\/\/evil\.example/,
    );
    expect(door().refusal({ host: HOST, origin: 'null' }, true)).toBeDefined();
    expect(door().refusal({ host: HOST, origin: `http://${HOST}` }, true)).toBeUndefined();
    expect(door().refusal({ host: HOST, origin: 'http://127.0.0.1:3000' }, true)).toBeDefined();
  });

  it.each(['cross-site', 'same-site'])(
    'keeps out an image or a link of another page (%s), which send no origin, where they may change something',
    site => {
      const headers = { host: HOST, 'sec-fetch-site': site };
      expect(door().refusal(headers, true)).toBeDefined();
      expect(door().refusal(headers, false)).toBeUndefined();
    },
  );

  it.each(['same-origin', 'none'])('lets in its own page and what a person typed (%s)', site => {
    expect(door().refusal({ host: HOST, 'sec-fetch-site': site }, true)).toBeUndefined();
  });

  it('lets in who was asked in, and tells browsers so', () => {
    const origin = 'http://localhost:3000';
    const open = door({ cors: [origin] });
    expect(open.refusal({ host: HOST, origin }, true)).toBeUndefined();
    expect(open.headersFor(origin)).toMatchObject({ 'Access-Control-Allow-Origin': origin, Vary: 'Origin' });
    const preflight = open.preflightHeaders({ origin, 'access-control-request-headers': 'x-amz-target' });
    expect(preflight).toMatchObject({ 'Access-Control-Allow-Headers': 'x-amz-target' });
    expect(open.headersFor('http://localhost:3001')).toEqual({});
    expect(door().preflightHeaders({ origin })).toEqual({});
  });

  it('lets every page in for *', () => {
    expect(door({ cors: ['*'] }).refusal({ host: HOST, origin: 'https://any.example' }, true)).toBeUndefined();
  });
});
