import { jest } from '@jest/globals';
import { announceService, knownSource, serviceChanges, unknownSource } from './own-service.js';

const KNOWN = Symbol.for('nestjs-sns-sqs.own-services');

const ownSource = (warn: (text: string) => void): string => knownSource() ?? unknownSource(warn);

describe('the source of a client that was given none', () => {
  const before = process.env['OTEL_SERVICE_NAME'];
  const warn = jest.fn<(text: string) => void>();

  beforeEach(() => {
    delete process.env['OTEL_SERVICE_NAME'];
    delete (globalThis as { [KNOWN]?: unknown })[KNOWN];
    warn.mockClear();
  });

  afterAll(() => {
    if (before !== undefined) process.env['OTEL_SERVICE_NAME'] = before;
  });

  it('is the only service of this process', () => {
    announceService('orders');
    announceService('orders');
    expect(ownSource(warn)).toBe('orders');
    expect(warn).not.toHaveBeenCalled();
  });

  it('is what OpenTelemetry is told, before that', () => {
    announceService('orders');
    process.env['OTEL_SERVICE_NAME'] = 'from-otel';
    expect(ownSource(warn)).toBe('from-otel');
    process.env['OTEL_SERVICE_NAME'] = '';
    expect(ownSource(warn)).toBe('orders');
  });

  it.each([
    ['nobody says which', []],
    ['there are several', ['orders', 'users']],
  ])('is a name that no other process has where %s, and warns once', (_, services) => {
    services.forEach(announceService);
    const source = ownSource(warn);
    expect(source).toMatch(/^unknown_service:[0-9a-f]{12}$/);
    expect(ownSource(warn)).toBe(source);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/not recognised as a duplicate.*`source`.*OTEL_SERVICE_NAME/)],
    ]);
    delete (globalThis as { [KNOWN]?: unknown })[KNOWN];
    expect(ownSource(warn)).not.toBe(source);
  });

  it('forgets the services that were closed, unless all were', () => {
    const close = announceService('users');
    announceService('orders');
    close();
    close();
    expect(ownSource(warn)).toBe('orders');
  });

  it('says when it may be another one, and not for a service that closes twice', () => {
    const changes = [serviceChanges()];
    const close = announceService('users');
    changes.push(serviceChanges());
    close();
    changes.push(serviceChanges());
    close();
    expect(new Set(changes).size).toBe(3);
    expect(serviceChanges()).toBe(changes[2]);
  });

  it('is still the service while the last that said so is closed', () => {
    announceService('orders')();
    expect(ownSource(warn)).toBe('orders');
  });
});
